"""Where the rules of a node and the Services of the API server differ.

What is served, and by which endpoints, the model says (gauntlet/semantics/). TCP and UDP alone: that is what readers of
rules know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.ground.family import Family, place
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Action, Forwarding, Route
from gauntlet.semantics.endpoints import Copies, PortKey, Undefined, pool
from gauntlet.semantics.expectation import choice
from gauntlet.semantics.frontends import Frontend, frontends
from gauntlet.semantics.frontends import Kind as FrontendKind
from gauntlet.semantics.objects import IpMode, Protocol, Service, ServicePort
from gauntlet.semantics.places import Place as Client
from gauntlet.semantics.places import ServingNode, Where
from gauntlet.semantics.selection import select
from gauntlet.semantics.sources import Passage
from gauntlet.semantics.versions import VersionRules

_PROTOCOLS = frozenset({Protocol.TCP, Protocol.UDP})
# Those whose endpoints are held against policies and hints: ClusterIPs as pods meet them, and NodePorts as clients
# outside do. At other external addresses source ranges hold too, which the models of rules do not show.
_FROM = {FrontendKind.CLUSTER_IP: Where.POD, FrontendKind.NODE_PORT: Where.OUTSIDE}
# What every version serves: Services with the label headless have no rules before 1.36.
_IN_ALL_VERSIONS = VersionRules(reads_headless_label=False)


class Kind(StrEnum):
    """What is wrong with one place."""

    MISSING = "has no rule"
    LEFT = "is of no Service"
    REFUSES = "is refused, although it has ready or still serving endpoints"
    STALE = "leads to an address that is no endpoint of the Service"
    WRONG_PORT = "leads to an endpoint's address, but to a port that is not the endpoint's"
    PASSED_OVER = "does not lead to a ready or still serving endpoint"
    ASTRAY = "leads to an endpoint that its traffic policy or hints leave out"


@dataclass(frozen=True)
class Place:
    """What a client connects to. `address` is None for a NodePort."""

    service: str
    address: str | None
    port: int
    protocol: str

    def __str__(self) -> str:
        where = f"node port {self.port}" if self.address is None else place(self.address, self.port)
        return f"{self.service} ({where}/{self.protocol})"


@dataclass(frozen=True)
class Mismatch:
    """One difference. `endpoint` is the address it is about, where it is about one."""

    kind: Kind
    place: Place
    endpoint: str = ""


@dataclass(frozen=True)
class Endpoints:
    """Addresses of one Service port: ready ones, and all that kube-proxy may still use (serving while they end).

    `ports` are those of the usable ones, each with its address.
    """

    ready: frozenset[str] = frozenset()
    usable: frozenset[str] = frozenset()
    ports: frozenset[tuple[str, int]] = frozenset()


def places(served: Services, family: Family = Family.IPV4) -> tuple[Place, ...]:
    """Every place of a family that must have a rule on every node."""
    return tuple(
        dict.fromkeys(_place(service, each) for service in served.modelled for each in _frontends(service, family))
    )


def mismatches(
    served: Services, found: Forwarding, addresses: frozenset[str], here: ServingNode | None = None
) -> frozenset[Mismatch]:
    """How the rules of one node, whose own `addresses` these are, differ from what is served, in the rules' family.

    `here` is that node as the model knows it. If it is None, nothing tells what policies and hints mean there: Services
    that have them may then leave endpoints aside.
    """
    routes = {(_address(route, addresses), route.port, str(route.protocol)): route for route in found.routes}
    wanted = {
        (place.address, place.port, place.protocol): place
        for service in served.modelled
        for place in (_place(service, each) for each in _frontends(service, found.family))
    }
    differences = {Mismatch(Kind.MISSING, place) for key, place in wanted.items() if key not in routes}
    known = _known(served.modelled)
    for (address, port, protocol), route in routes.items():
        if (address, port) not in known:
            differences.add(Mismatch(Kind.LEFT, Place(route.service or "a Service", address, port, protocol)))
    if traits(found.mode).shows_endpoints:
        for service in served.modelled:
            differences.update(_endpoint_mismatches(service, served, routes, here, found.family))
    return frozenset(differences)


def endpoints(served: Services) -> Mapping[tuple[str, str], Endpoints]:
    """What rules for each Service (namespace/name) and port name may lead to."""
    return {
        (each.name, port.name): _endpoints(served.copies, each, port, Family.IPV4)
        for each in served.modelled
        for port in each.ports
    }


def _endpoints(read: Copies, service: Service, port: ServicePort, family: Family) -> Endpoints:
    """An address that is there twice counts as the best that is said of it."""
    of_port = read.get(PortKey(service.name, port.name, port.protocol, family), {})
    every = tuple(each for of_address in of_port.values() for each in of_address)
    return Endpoints(
        ready=frozenset(each.address for each in every if each.conditions.ready),
        usable=frozenset(each.address for each in every if each.conditions.usable),
        ports=frozenset((each.address, each.port) for each in every if each.conditions.usable),
    )


def _frontends(service: Service, family: Family) -> Iterator[Frontend]:
    for each in frontends(service, _IN_ALL_VERSIONS):
        if each.family is family and each.protocol in _PROTOCOLS:
            yield each


def _place(service: Service, frontend: Frontend) -> Place:
    name = f"{service.name}:{frontend.port.name}" if frontend.port.name else service.name
    return Place(name, frontend.address or None, frontend.number, frontend.protocol.lower())


def _address(route: Route, addresses: frozenset[str]) -> str | None:
    """ipvs mode has a virtual server at each of the node's addresses for a NodePort."""
    return None if route.address in addresses else route.address


def _known(services: Iterable[Service]) -> frozenset[tuple[str | None, int]]:
    """Every address and port, and every NodePort, of any Service, also of those that kube-proxy leaves aside."""
    return frozenset(
        key
        for service in services
        for port in service.ports
        for key in (*((address, port.port) for address in _addresses(service)), (None, port.node_port))
    )


def _addresses(service: Service) -> Iterator[str]:
    yield from service.cluster_ips
    yield from service.external_ips
    yield from (each.address for each in service.ingress if each.ip_mode is IpMode.VIP)


def _endpoint_mismatches(
    service: Service,
    served: Services,
    routes: Mapping[tuple[str | None, int, str], Route],
    here: ServingNode | None,
    family: Family,
) -> Iterator[Mismatch]:
    for frontend in _frontends(service, family):
        place = _place(service, frontend)
        route = routes.get((place.address, place.port, place.protocol))
        if route is None:
            continue
        have = _endpoints(served.copies, service, frontend.port, family)
        yield from _stale(place, route, have)
        if frontend.kind not in _FROM:
            continue
        is_inside = frontend.kind is FrontendKind.CLUSTER_IP
        met = _met(route) if is_inside else frozenset(share.address for share in route.outside)
        due = None if here is None else _due(service, served.copies, frontend, here)
        if due is not None:
            yield from _unserved(place, route, met, due)
            yield from _astray(place, met, have.ready - due)
        elif is_inside and not (service.internal_is_local or service.name in served.hinted):
            yield from _unserved(place, route, met, have.ready)


def _met(route: Route) -> frozenset[str]:
    return frozenset(share.address for share in (*route.inside, *route.outside))


def _stale(place: Place, route: Route, have: Endpoints) -> Iterator[Mismatch]:
    for address in sorted(_met(route) - have.usable):
        yield Mismatch(Kind.STALE, place, address)
    led_to = {(share.address, share.port) for share in (*route.inside, *route.outside)}
    for address in sorted({address for address, _ in led_to - have.ports} & have.usable):
        yield Mismatch(Kind.WRONG_PORT, place, address)


def _due(service: Service, read: Copies, frontend: Frontend, here: ServingNode) -> frozenset[str] | None:
    """The endpoints to which a ClusterIP leads pods on this node, or a NodePort clients outside.

    None if Kubernetes does not say which.
    """
    try:
        of_port = pool(read, service, frontend.port, frontend.family)
    except Undefined:
        return None
    anybody = Passage(service, frontend, Client(_FROM[frontend.kind], here.node.name, ""), here)
    chosen = choice(anybody, select(of_port, service, here.node, here.proxy))
    return frozenset(each.address for each in chosen.pool)


def _unserved(place: Place, route: Route, met: frozenset[str], due: frozenset[str]) -> Iterator[Mismatch]:
    if due and (route.action is not Action.FORWARD or not met):
        yield Mismatch(Kind.REFUSES, place)
        return
    for address in sorted(due - met):
        yield Mismatch(Kind.PASSED_OVER, place, address)


def _astray(place: Place, met: frozenset[str], left_out: frozenset[str]) -> Iterator[Mismatch]:
    """Ready ones alone: rules may still lead to one that ends until the next sync."""
    for address in sorted(met & left_out):
        yield Mismatch(Kind.ASTRAY, place, address)
