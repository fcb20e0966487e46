"""Actions and probes on the Service that an experiment watches. One is made for the experiment where none is given."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus

from gauntlet.faults.chaos import observed
from gauntlet.faults.chaos.target import PROBE_NAMESPACE, Configuration, Target, target_of
from gauntlet.ground.cluster import Json, Node, ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import family_of
from gauntlet.ground.history import EventKind
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused, Manifest
from gauntlet.kube.objects import PodObject, ServiceObject
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.proxy import rules
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Route
from gauntlet.workload import manifest
from gauntlet.workload.backend import one_on_each
from gauntlet.workload.namespace import PATH as NAMESPACES
from gauntlet.workload.namespace import delete as delete_namespace
from gauntlet.workload.service import Service
from gauntlet.workload.workload import Workload

_READY_DEADLINE_S = 60.0
# For attempts under way at a backend that is no longer sent to.
_DRAIN_S = 0.5
_NEW = "-new"
EXPOSED = "-exposed"


def prepare(configuration: Configuration) -> str:
    """Action: see that the Service exists. Without one of the user's own: a Service with a backend on each node."""
    target = target_of(configuration)
    if target.namespace != PROBE_NAMESPACE:
        _service(target)
        return f"{target.service} is there"
    remove(configuration)  # what an experiment that was killed half-way left is of no use
    api = _api(target)
    api.post(NAMESPACES, manifest.namespace(PROBE_NAMESPACE))
    workload = Workload(api, PROBE_NAMESPACE)
    workload.run(*one_on_each(tuple(node.name for node in target.cluster.nodes)))
    workload.serve(Service(target.service_name))
    return f"{target.service} is there, made for this experiment"


def remove(configuration: Configuration) -> str:
    """Action: remove what `prepare` made; a Service of the user's own stays."""
    target = target_of(configuration)
    if target.namespace != PROBE_NAMESPACE:
        return f"{target.service} stays"
    delete_namespace(_api(target), PROBE_NAMESPACE)
    until(lambda: _is_gone(target), what=f"namespace {PROBE_NAMESPACE} is gone", deadline_s=_READY_DEADLINE_S)
    return f"namespace {PROBE_NAMESPACE} is gone"


def replacement(backends: frozenset[str]) -> tuple[str, str]:
    """Which backend `replace_endpoint` removes, and the name of the one that takes its place, on the same node."""
    removed = max(backends)
    return removed, removed + _NEW


def replace_endpoint(configuration: Configuration) -> str:
    """Action: a new pod takes the place of one backend of the Service, without anyone on a healthy node noticing.

    The old pod is taken out of the Service by its labels, and with that out of others of the same pods, and deleted
    once all other nodes have obeyed: whoever is still sent to it then is sent by the hurt node.
    """
    target = target_of(configuration)
    api, path = _api(target), f"/api/v1/namespaces/{target.namespace}/pods"
    spec = _service(target).spec
    backends = observed.pods(api, target.namespace, spec.selector)
    if len(backends) < 2:
        raise Inconclusive(f"{target.service} has {len(backends)} pod(s): replacing one needs two", "give it two")
    removed, added = replacement(frozenset(backends))
    old = backends[removed]
    spec_of_old = observed.whole_spec(api, target.namespace, removed)
    metadata: Json = {"name": added, "labels": old.metadata.labels}
    api.post(path, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec_of_old})
    new = until(
        lambda: _if_ready(observed.pods(api, target.namespace, spec.selector).get(added)),
        what=f"pod {target.namespace}/{added} is ready",
        deadline_s=_READY_DEADLINE_S,
    )
    began_ns = time.time_ns()
    api.patch(f"{path}/{removed}", {"metadata": {"labels": dict.fromkeys(spec.selector)}})
    gone, come = old.status.pod_ip, new.status.pod_ip
    others = [node for node in target.cluster.nodes if node.name != target.hurt.name]
    served = _of_the_same_pods(target)
    for each in served:
        _wait_replaced(each, gone, come)
    for each in served:
        for node in others:
            _wait_obeyed(each, node, _READY_DEADLINE_S)
    time.sleep(_DRAIN_S)
    api.delete(f"{path}/{removed}")
    evidence = f"{added} ({come}) in place of {removed} ({gone})"
    target.note(EventKind.ENDPOINT_CHANGED, target.service, evidence, node=old.spec.node_name, at_ns=began_ns)
    return evidence


def _of_the_same_pods(target: Target) -> list[Target]:
    """Every Service of the namespace with the selector of this one, itself among them.

    Outside the gauntlet's own namespaces only itself: of others it is not known whom they have to be sent to.
    """
    if not observed.is_ours(_api(target), target.namespace):
        return [target]
    selector = _service(target).spec.selector
    return [
        target.model_copy(update={"service": f"{target.namespace}/{each.metadata.name}"})
        for each in observed.services(_api(target), target.namespace)
        if each.spec.selector == selector and each.spec.has_cluster_ip
    ]


def _wait_replaced(target: Target, gone: str, come: str) -> None:
    until(
        lambda: come in (found := _endpoints(target)) and gone not in found,
        what=f"the slices of {target.service} hold {come} and no longer {gone}",
        deadline_s=_READY_DEADLINE_S,
    )


def rules_follow_endpoints(within_s: float, configuration: Configuration) -> str:
    """Probe: wait until the hurt node forwards the Service to exactly its ready endpoints."""
    target = target_of(configuration)
    _wait_obeyed(target, target.hurt, within_s)
    return f"{target.hurt.name} forwards {target.service} to {', '.join(sorted(_endpoints(target)))}"


def expose(port: int, configuration: Configuration) -> str:
    """Action: a second Service, `NAME-exposed`, offers the same backends on NodePort `port`.

    Nothing to do where the Service has that NodePort itself.
    """
    target = target_of(configuration)
    spec = _service(target).spec
    if int(port) in {each.node_port for each in spec.ports}:
        return f"{target.service} has NodePort {port} itself"
    exposed = target.service + EXPOSED
    first = spec.ports[0]
    port_wanted: Json = {"port": first.port, "targetPort": first.target_port, "nodePort": int(port)}
    wanted: Manifest = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": target.service_name + EXPOSED, "labels": MANAGED_BY},
        "spec": {"type": "NodePort", "selector": spec.selector, "ports": [port_wanted]},
    }
    until(
        lambda: _granted(target, wanted),
        what=f"NodePort {port} is free for {exposed}",
        deadline_s=_READY_DEADLINE_S,
        every_s=0.5,
        remedy="choose a port that no other Service has: GAUNTLET_PORT",
    )
    for node in target.cluster.nodes:
        _wait_obeyed(target, node, _READY_DEADLINE_S, node.address, int(port))
        _wait_masqueraded(node, target.cluster.mode, int(port))
    evidence = f"{exposed} offers {target.service} on NodePort {port}"
    target.note(EventKind.ENDPOINT_CHANGED, exposed, evidence)
    return evidence


def unexpose(configuration: Configuration) -> str:
    """Action: delete what `expose` made. Gone already is fine.

    In a namespace of the gauntlet's own it stays for whoever gave it traffic to delete, or goes with the namespace.
    """
    target = target_of(configuration)
    if observed.is_ours(_api(target), target.namespace):
        return f"{target.service}{EXPOSED} is not this experiment's to delete"
    Workload(_api(target), target.namespace).delete_service(target.service_name + EXPOSED)
    return f"{target.service}{EXPOSED} is gone"


def _wait_obeyed(target: Target, node: Node, within_s: float, address: str = "", port: int = 0) -> None:
    """Wait until a node forwards the Service to exactly its ready endpoints.

    `address` and `port` are those of a frontend; the cluster IP and first port where none are given.
    """
    spec = _service(target).spec
    frontend = (address or spec.cluster_ip, port or spec.ports[0].port)
    wanted = _endpoints(target)

    def obeyed() -> bool:
        found = rules.read(node, target.cluster.mode, family_of(frontend[0])).find(*frontend)
        return _behind(node, target.cluster.mode, found) == wanted

    until(
        obeyed,
        what=f"{node.name} forwards {frontend[0]}:{frontend[1]} to {', '.join(sorted(wanted))}",
        deadline_s=within_s,
        every_s=0.1,
    )


def _wait_masqueraded(node: Node, mode: ProxyMode, node_port: int) -> None:
    until(
        lambda: traits(mode).masquerades(node, node_port),
        what=f"{node.name} masquerades connections to NodePort {node_port}",
        deadline_s=_READY_DEADLINE_S,
        every_s=0.1,
    )


def _behind(node: Node, mode: ProxyMode, routes: Sequence[Route]) -> frozenset[str]:
    """Addresses of the endpoints that these routes of one Service port lead to.

    Raises Inconclusive if only kube-proxy itself knows them in this mode, and does not log them.
    """
    read_log = traits(mode).logged_endpoints
    if read_log is None:
        return frozenset(share.address for route in routes for share in route.inside)
    listed = read_log(node.proxy_log())
    if not listed:
        raise Inconclusive(
            f"kube-proxy of {node.name} does not log the endpoints it picks from, and no rule shows them",
            "start it with --v=1",
        )
    return frozenset[str]().union(*(listed.get(route.service, ()) for route in routes))


def _granted(target: Target, wanted: Manifest) -> bool:
    """Create the Service; False while another one, perhaps on its way out, has its NodePort."""
    try:
        _api(target).post(f"/api/v1/namespaces/{target.namespace}/services", wanted)
    except ApiRefused as error:
        if error.status == HTTPStatus.CONFLICT:  # an earlier run's: it offers the same
            return True
        if "already allocated" in error.what:
            return False
        raise
    return True


def _api(target: Target) -> Api:
    return Api(target.cluster.api)


def _service(target: Target) -> ServiceObject:
    return observed.service(_api(target), target.namespace, target.service_name)


def _endpoints(target: Target) -> frozenset[str]:
    """Addresses of the ready endpoints in the slices of the Service."""
    return Workload(_api(target), target.namespace).slice_addresses(Service(target.service_name))


def _if_ready(pod: PodObject | None) -> PodObject | None:
    return pod if pod is not None and pod.ready else None


def _is_gone(target: Target) -> bool:
    try:
        _api(target).get(f"{NAMESPACES}/{PROBE_NAMESPACE}")
    except ApiRefused as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return True
        raise
    return False
