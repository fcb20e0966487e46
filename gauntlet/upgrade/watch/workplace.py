"""What a watch makes in a cluster: a namespace with a client and a backend on each node, and the Services they use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gauntlet.ground.cluster import Host, have_own_kernels
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import EventLog
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.kube.objects import PodObject
from gauntlet.proxy.modes import traits
from gauntlet.semantics.objects import ServiceType
from gauntlet.traffic import Load, Traffic
from gauntlet.upgrade.endpoint_change import CHECK, effect_of
from gauntlet.upgrade.resolver import Dns, Resolver
from gauntlet.upgrade.roll_traffic import ECHO, RATE_PER_S, by_pod
from gauntlet.upgrade.watch import pods
from gauntlet.upgrade.watch.surroundings import Surroundings
from gauntlet.upgrade.watch.target import PURPOSE, Watched
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.backend import APP_LABEL, IMAGE, Backend
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.effect import Effect
from gauntlet.workload.endpoint_change import CHANGING, EndpointChange
from gauntlet.workload.served import RunningBackend, Served
from gauntlet.workload.service import STICKY
from gauntlet.workload.workload import Workload

# So long a client or a backend may take to run: an image may have to be pulled.
RUN_S = 180.0


@dataclass(frozen=True)
class Workplace:
    """The two Services that are asked all the time, the cluster's DNS, if it has one, and what follows the cluster."""

    namespace: str
    echo: Served
    sticky: Served
    dns: Dns
    resolver: Resolver | None
    surroundings: Surroundings
    _watched: Watched
    _traffic: Traffic
    _events: EventLog

    def asked_by(self, client: Host) -> tuple[tuple[Host, Load], ...]:
        """What a client pod asks."""
        names = self.resolver.loads([client], RATE_PER_S) if self.resolver else ()
        return (*by_pod(client, self.echo, self.sticky), *names)

    def change_of_endpoints(self, phase: str, askers: Sequence[Host]) -> Finding:
        """Give a Service another endpoint, and back; each of these clients has to be served accordingly."""
        if not askers:
            return Finding(
                CHECK, Verdict.INCONCLUSIVE, "no client is left that could say whether nodes follow a change"
            )
        effect = Effect(self._traffic, askers, askers[0], askers)
        workload = _case_workload(self._watched, self.namespace, effect, self._events)
        try:
            pair, name = self._two_backends(), f"{CHANGING}-{phase}"
            return effect_of(EndpointChange(workload, self._events, self._traffic, askers, pair, name).make())
        except GauntletError as error:
            return Finding(CHECK, Verdict.INCONCLUSIVE, error.what, remedy=error.remedy)

    def why_no_client(self, node: str) -> str:
        """What is known of why no client runs on a node that has come."""
        if not self._watched.daemon_sets:
            return "this cluster makes no pods of DaemonSets there"
        try:
            found = _pods(self._watched.api, self.namespace, pods.CLIENT)
        except GauntletError as error:
            return error.what
        mine = [each for each in found if each.spec.node_name == node]
        return (
            "; ".join(f"{each.metadata.name}: {each.unpullable or each.trouble}" for each in mine) or "no pod is there"
        )

    def _two_backends(self) -> tuple[RunningBackend, RunningBackend]:
        """Of a cluster with a single backend, a client is the other: it serves as well."""
        running = [
            each for app in (pods.BACKEND, pods.CLIENT) for each in _running(self._watched.api, self.namespace, app)
        ]
        if len(running) < 2:
            raise GauntletError("fewer than two pods of the watch serve", f"kubectl -n {self.namespace} get pods")
        return running[0], running[1]


@contextmanager
def workplace(watched: Watched, traffic: Traffic, events: EventLog) -> Iterator[Workplace]:
    """Make it, and return when every node obeys the Services, or an event says what it does not.

    Who opened the cluster deletes it all.
    """
    api = watched.api
    namespace = namespaces.create(api, PURPOSE)
    _make_pods(watched, namespace)
    surroundings = Surroundings(api, namespace, events, watched.nodes)
    nodes = [node for node in surroundings.at_first if node.ready]
    _await_pods(api, namespace, len(nodes))
    clients = tuple(watched.client(pod) for pod in _serving(watched.api, namespace, pods.CLIENT))
    effect = _effect(watched, traffic, clients)
    workload = _case_workload(watched, namespace, effect, events)
    echo, sticky = workload.serve_all((replace(ECHO, type=_service_type(watched)), STICKY))
    dns = Dns.of_cluster(api)
    resolver = None
    if dns.service is not None:
        resolver = Resolver.of_cluster(dns.service, echo, traffic, clients[0], events)
    yield Workplace(namespace, echo, sticky, dns, resolver, surroundings, watched, traffic, events)


def _service_type(watched: Watched) -> ServiceType:
    if watched.outside is None:
        return ServiceType.CLUSTER_IP
    return ServiceType.LOAD_BALANCER if watched.balanced else ServiceType.NODE_PORT


def _make_pods(watched: Watched, namespace: str) -> None:
    api, image = watched.api, watched.cluster.client_image or IMAGE
    if not watched.daemon_sets:
        names = tuple(node.name for node in watched.cluster.nodes)
        for app in (pods.BACKEND, pods.CLIENT):
            pods.make(api, namespace, Backend(app, "", app), names)
        return
    clients = pods.clients(image)
    if watched.by_exec:
        pods.give_warden(api, namespace)
        clients = pods.reached_by_exec(clients)
    pods.roll_out(api, namespace, pods.backends(IMAGE))
    pods.roll_out(api, namespace, clients)


def _await_pods(api: Api, namespace: str, nodes: int) -> None:
    """Wait for a client and a backend on each node. Raises GauntletError at once if an image cannot be had."""

    def run() -> bool:
        found = api.list(PodObject, f"/api/v1/namespaces/{namespace}/pods")
        for pod in found:
            if pod.unpullable:
                raise GauntletError(
                    f"node {pod.spec.node_name} cannot pull an image of pod {pod.metadata.name}: {pod.unpullable}",
                    "load it onto the nodes, or name an image of clients that they can pull with --client-image",
                )
        return sum(pod.serves for pod in found) >= 2 * nodes

    until(
        run,
        what=f"a client and a backend serve on each of {nodes} nodes",
        deadline_s=RUN_S,
        every_s=0.3,
        remedy=f"kubectl -n {namespace} describe daemonsets,pods",
    )


def _effect(watched: Watched, traffic: Traffic, clients: Sequence[Host]) -> Effect:
    """Who is asked whether the Services are in effect: the nodes, if commands reach them, else the client pods."""
    traffic.warm(*clients)
    if watched.outside is None:
        return Effect(traffic, clients, clients[0], clients)
    early = watched.nodes if traits(watched.cluster.mode).answers_early else ()
    slow = have_own_kernels(watched.nodes)
    return Effect(traffic, watched.nodes, watched.outside, clients if slow else (), early)


def _case_workload(watched: Watched, namespace: str, effect: Effect, events: EventLog) -> CaseWorkload:
    api = watched.api
    nodes = tuple(node.name for node in watched.cluster.nodes)
    return CaseWorkload(api, Workload(api, namespace), effect, nodes, events)


def _running(api: Api, namespace: str, app: str) -> list[RunningBackend]:
    return [
        RunningBackend(namespace, pod.metadata.name, pod.spec.node_name, pod.addresses)
        for pod in sorted(_serving(api, namespace, app), key=lambda pod: pod.metadata.name)
    ]


def _serving(api: Api, namespace: str, app: str) -> list[PodObject]:
    return [pod for pod in _pods(api, namespace, app) if pod.serves]


def _pods(api: Api, namespace: str, app: str) -> tuple[PodObject, ...]:
    return api.list(PodObject, f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": f"{APP_LABEL}={app}"})
