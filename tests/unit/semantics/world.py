"""Three nodes in two zones, a Service with a backend on each, and clients everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.modes import traits
from gauntlet.semantics import Outcome, Reaction, expected
from gauntlet.semantics.endpoints import copies
from gauntlet.semantics.frontends import Frontend, Kind, frontends
from gauntlet.semantics.objects import (
    FIT,
    FOR_ALL,
    Conditions,
    Endpoint,
    EndpointSlice,
    Hints,
    Ingress,
    Node,
    Policy,
    Protocol,
    Service,
    ServicePort,
    ServiceType,
    SlicePort,
)
from gauntlet.semantics.places import Place, ServingNode, Where, World
from gauntlet.semantics.proxy import DetectLocal, Proxy
from gauntlet.semantics.versions import NEWEST

WITH_RULES = (ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS)
SHORT_CIRCUIT = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)
POD_RANGES = ("10.244.0.0/16", "fd00:244::/48")
NODES = (
    Node("a", ("172.18.0.11", "fd00:18::11"), "west", ("10.244.1.0/24", "fd00:244:0:1::/64")),
    Node("b", ("172.18.0.12", "fd00:18::12"), "west", ("10.244.2.0/24", "fd00:244:0:2::/64")),
    Node("c", ("172.18.0.13", "fd00:18::13"), "east", ("10.244.3.0/24", "fd00:244:0:3::/64")),
)
ZONES = {each.name: each.zone for each in NODES}
FIT_STATES = {
    "ready": FIT,
    "ending": Conditions(ready=False, serving=True, terminating=True),
    "unready": Conditions(ready=False, serving=False),
    "dying": Conditions(ready=False, serving=False, terminating=True),
}
HTTP = ServicePort(80, "http", node_port=30080)
WEB = Service(
    "shop/web",
    (HTTP,),
    cluster_ips=("10.96.0.10", "fd00:96::10"),
    type=ServiceType.LOAD_BALANCER,
    external_ips=("198.51.100.32",),
    ingress=(Ingress("203.0.113.7"), Ingress("2001:db8::7")),
)
CLUSTER_IP = replace(
    WEB, type=ServiceType.CLUSTER_IP, ports=(ServicePort(80, "http"),), external_ips=(), ingress=()
)  # fmt: skip
LOCAL = replace(WEB, external_policy=Policy.LOCAL)
EXTERNAL = (Kind.EXTERNAL_IP, Kind.LOAD_BALANCER, Kind.NODE_PORT)
OUTSIDE = "192.0.2.99"


def address(node: str, number: int = 2, family: Family = Family.IPV4) -> str:
    """Of a pod."""
    index = "abc".index(node) + 1
    return f"10.244.{index}.{number}" if family is Family.IPV4 else f"fd00:244:0:{index}::{number}"


def endpoint(node: str, state: str = "ready", *, number: int = 2, hints: Hints = FOR_ALL, **more: str) -> Endpoint:
    return Endpoint((more.get("address") or address(node, number),), node, ZONES[node], FIT_STATES[state], hints)


def in_slice(*endpoints: Endpoint, family: Family = Family.IPV4, service: str = WEB.name) -> EndpointSlice:
    return EndpointSlice(service, endpoints, (SlicePort(8080, "http"),), family)


def everywhere(family: Family = Family.IPV4) -> EndpointSlice:
    return in_slice(*(Endpoint((address(each, family=family),), each, ZONES[each]) for each in "abc"), family=family)


def proxy(mode: ProxyMode = ProxyMode.IPTABLES) -> Proxy:
    return Proxy(
        traits(mode).behaviour, NEWEST, detect_local=DetectLocal.CLUSTER_CIDR, cluster_ranges=POD_RANGES
    )  # fmt: skip


def world(of: Proxy | ProxyMode = ProxyMode.IPTABLES) -> World:
    each = of if isinstance(of, Proxy) else proxy(of)
    return World(tuple(ServingNode(node, each) for node in NODES))


def pod(node: str = "a", number: int = 9, family: Family = Family.IPV4) -> Place:
    return Place(Where.POD, node, address(node, number, family))


def own(node: str = "a", family: Family = Family.IPV4) -> Place:
    found = next(each for each in NODES if each.name == node).primary(family)
    assert found is not None
    return Place(Where.NODE, node, found)


def outside(via: str = "a", at: str = OUTSIDE) -> Place:
    return Place(Where.OUTSIDE, via, at)


def frontend(service: Service, kind: Kind, *, family: Family = Family.IPV4, at: str = "") -> Frontend:
    """The first one of this kind and family; `at` is a node, or an address, if it is a NodePort."""
    found = next(each for each in frontends(service, NEWEST) if each.kind is kind and each.family is family)
    node = next((each for each in NODES if each.name == at), None)
    where = node.primary(family) if node is not None else at
    return replace(found, address=where) if where else found


def at_a(service: Service, kind: Kind) -> Frontend:
    """The first one of this kind; a NodePort at node a."""
    return frontend(service, kind, at="a" if kind is Kind.NODE_PORT else "")


def outcome(
    service: Service, slices: Sequence[EndpointSlice], asked: Frontend, place: Place, of: Proxy | ProxyMode | World
) -> Outcome:
    found = of if isinstance(of, World) else world(of)
    return expected(service, copies(slices), asked, place, found)


def nodes_of(found: Outcome) -> str:
    """`abc` if the backends of these nodes may answer."""
    return "".join(sorted(each.node for each in found.backends))


def only(found: Outcome) -> Reaction:
    """The one reaction that is allowed."""
    (reaction,) = found.reactions
    return reaction


def protocol_of(service: Service, protocol: Protocol) -> Service:
    return replace(service, ports=tuple(replace(each, protocol=protocol) for each in service.ports))
