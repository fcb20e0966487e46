"""The traffic that never stops during an upgrade: its Services, and which client asks what of them in which way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol as Shape

from gauntlet.checkers.sample import declared_name, no_data
from gauntlet.ground.cluster import Cluster, Host, Node, have_own_kernels
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, Protocol
from gauntlet.kube.api import Api
from gauntlet.proxy.modes import traits
from gauntlet.semantics.objects import ServiceType
from gauntlet.traffic import Flow, Load, Target, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.churn import Churn
from gauntlet.upgrade.resolver import Dns, Resolver
from gauntlet.upgrade.roll_cost import Setting
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.backend import IMAGE, one_on_each
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.clients import Clients
from gauntlet.workload.effect import Effect
from gauntlet.workload.endpoint_change import EndpointChange
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.service import HTTP, STICKY, UDP, Service
from gauntlet.workload.workload import Workload

# Each flow's. A quiet of 0.2 s, which slos/upgrade.yaml allows at most, is four of them.
RATE_PER_S = 20.0
CLIENT = "client"
ECHO = Service("echo", ports=(HTTP, UDP), type=ServiceType.LOAD_BALANCER)


@dataclass(frozen=True)
class Offer:
    """The Services of an upgrade: two that stay as they are, and their backends, one on each node; and two that change.

    Nobody who is judged asks that of `change`; that of `churn` has the same backends. `resolver` is None without DNS.
    """

    echo: Served
    sticky: Served
    backends: Backends
    change: EndpointChange
    churn: Churn
    resolver: Resolver | None

    @property
    def answering(self) -> Backends:
        """All that may answer any client."""
        return Backends((*self.backends.all, *(self.resolver.servers.all if self.resolver else ())))

    def changing(self, pods: Sequence[Host]) -> Iterator[tuple[Host, Load]]:
        """What client pods ask beside the Services that stay as they are."""
        for pod in pods:
            yield pod, _new(self.churn.served.cluster_ip())
        if self.resolver:
            yield from self.resolver.loads(pods, RATE_PER_S)


def wanted(clients: Clients, echo: Served, sticky: Served) -> Iterator[tuple[Host, Load]]:
    """Who asks what: every kind of client by every kind of frontend and connection that is its own."""
    for pod in clients.pods:
        yield from by_pod(pod, echo, sticky)
    for node in clients.nodes:
        yield from by_node(node, clients.outside, echo)
    yield from by_ingress(clients.outside, echo)


def by_pod(pod: Host, echo: Served, sticky: Served) -> Iterator[tuple[Host, Load]]:
    """What a client pod asks."""
    yield pod, _new(echo.cluster_ip())
    yield pod, _kept(echo.cluster_ip())
    yield pod, _new(echo.cluster_ip(Protocol.UDP))
    yield pod, _kept(echo.cluster_ip(Protocol.UDP))
    yield pod, _new(sticky.cluster_ip())


def by_node(node: Node, outside: Host, echo: Served) -> Iterator[tuple[Host, Load]]:
    """What is asked of a node's kube-proxy from its own network, and from outside by its NodePorts."""
    yield node, _new(echo.cluster_ip())
    yield outside, _new(echo.node_port(node))
    yield outside, _kept(echo.node_port(node))
    yield outside, _kept(echo.node_port(node, Protocol.UDP))


def by_ingress(outside: Host, echo: Served) -> Iterator[tuple[Host, Load]]:
    """What is asked of the load balancer from outside."""
    yield outside, _new(echo.load_balancer())


def _new(target: Target) -> Load:
    return Load(target, rate_per_s=RATE_PER_S)


def _kept(target: Target) -> Load:
    return Load.kept(target, RATE_PER_S)


@dataclass(frozen=True)
class RollTraffic:
    """The traffic while it flows. `setting` is what the checkers have to know of it.

    Once it has ended, `broken` has a finding for each flow that did not come to a good end.
    """

    offer: Offer
    setting: Setting
    flows: tuple[Flow, ...]
    broken: list[Finding] = field(default_factory=list)


class Stoppable(Shape):
    """What is needed of a Flow to end it."""

    @property
    def declared(self) -> DeclaredFlow: ...
    def stop(self, backend_nodes: Mapping[str, str]) -> pl.DataFrame: ...
    def so_far(self, backend_nodes: Mapping[str, str]) -> pl.DataFrame: ...


def ended(flow: Stoppable, backend_nodes: Mapping[str, str]) -> tuple[pl.DataFrame, Finding | None]:
    """End a flow: its attempts, and what is wrong with it. One that broke does not lose those of the others."""
    try:
        return flow.stop(backend_nodes), None
    except Inconclusive as error:
        trouble = no_data("flow", f"{declared_name(flow.declared)}: {error.what}")
        return flow.so_far(backend_nodes), replace(trouble, remedy=error.remedy)


@contextmanager
def flowing(cluster: Cluster, api: Api, traffic: Traffic, evidence: Evidence, dns: Dns) -> Iterator[RollTraffic]:
    """Make clients, backends and Services, and let the traffic flow until the context is left.

    Then its attempts are evidence; on an error those so far. What was made goes with the cluster.
    """
    nodes = tuple(node.name for node in cluster.nodes)
    own = namespaces.create(api, "clients")
    running = Workload(api, own).run(*one_on_each(nodes, app=CLIENT, image=cluster.client_image or IMAGE))
    clients = Clients(tuple(cluster.pod(own, pod.name) for pod in running.all), cluster.nodes, cluster.outside)
    traffic.warm(*clients.everywhere)
    offer = _offer(cluster, api, traffic, evidence, clients, dns)
    asked = (*wanted(clients, offer.echo, offer.sticky), *offer.changing(clients.pods))
    answering = offer.answering
    setting = Setting(
        tuple(load.declared(client) for client, load in asked),
        answering.names,
        sticky={offer.sticky.name: float(STICKY.affinity_timeout_s or 0)},
        unnamed=offer.resolver.unnamed if offer.resolver else frozenset(),
    )
    flows: list[Flow] = []
    with ExitStack() as stack, evidence.unfinished(flows, answering.nodes):
        for client, load in asked:
            flows.append(stack.enter_context(traffic.start(client, load)))
        stream = RollTraffic(offer, setting, tuple(flows))
        yield stream
        for flow in flows:
            attempts, trouble = ended(flow, answering.nodes)
            evidence.add(attempts)
            stream.broken.extend([trouble] if trouble else [])
        # All have ended, some of them badly: to stop those once more would raise it again.
        stack.pop_all()


def _offer(cluster: Cluster, api: Api, traffic: Traffic, evidence: Evidence, clients: Clients, dns: Dns) -> Offer:
    """Backends and Services. Every node obeys them when this returns, or an event says what it does not."""
    slow = have_own_kernels(clients.nodes)
    early = clients.nodes if traits(cluster.mode).answers_early else ()
    effect = Effect(traffic, clients.nodes, clients.outside, clients.pods if slow else (), early)
    nodes = tuple(node.name for node in cluster.nodes)
    workload = CaseWorkload(api, Workload(api, namespaces.create(api, "upgrade")), effect, nodes, evidence.events)
    backends = workload.run_on_each_node()
    echo, sticky = workload.serve_all((ECHO, STICKY))
    resolver = None
    if dns.service is not None:
        resolver = Resolver.of_cluster(dns.service, echo, traffic, clients.pods[0], evidence.events)
    elif dns.program is not None:
        # Nodes that obey what is made after it obey this as well.
        resolver = Resolver.make(workload, dns.program, echo)
    askers = clients.pods if slow else clients.nodes
    change = EndpointChange.of_its_own(workload, evidence.events, traffic, askers)
    return Offer(echo, sticky, backends, change, Churn(workload, evidence.events, backends), resolver)
