"""Where the rules of a node and the Services of the API server differ.

What is served, and by which endpoints, the model says (gauntlet/semantics/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.networks import is_within, networks
from gauntlet.doctor.cluster_check.served_places import (
    Place,
    PlaceKey,
    at_node_ports,
    by_place,
    frontends_of,
    known,
    place_of,
)
from gauntlet.ground.family import EVERYTHING, Family, family_of
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Action, Forwarding, Route
from gauntlet.semantics.endpoints import Copies, PortKey, Undefined, pool
from gauntlet.semantics.expectation import choice, source_ranges
from gauntlet.semantics.frontends import Frontend
from gauntlet.semantics.frontends import Kind as FrontendKind
from gauntlet.semantics.objects import Service, ServicePort
from gauntlet.semantics.places import Place as Client
from gauntlet.semantics.places import ServingNode, Where
from gauntlet.semantics.selection import select
from gauntlet.semantics.sources import Passage


class Kind(StrEnum):
    """What is wrong with one place."""

    MISSING = "has no rule"
    MISSING_THERE = "has no rule, although the NodePort has one at another address of the node"
    LEFT = "is of no Service"
    REFUSES = "is refused, although it has ready or still serving endpoints"
    STALE = "leads to an address that is no endpoint of the Service"
    WRONG_PORT = "leads to an endpoint's address, but to a port that is not the endpoint's"
    PASSED_OVER = "does not lead to a ready or still serving endpoint"
    ASTRAY = "leads to an endpoint that its traffic policy or hints leave out"
    LET_IN = "lets clients in whom its source ranges shut out"
    SHUT_OUT = "shuts clients out whom its source ranges let in"
    REMEMBERS = "remembers clients for another time than its sessionAffinity says"


@dataclass(frozen=True)
class Mismatch:
    """One difference. `endpoint` is the address, the range of clients or the time that it is about, if any."""

    kind: Kind
    place: Place
    endpoint: str = ""

    def __str__(self) -> str:
        return f"{self.place} -> {self.endpoint}" if self.endpoint else str(self.place)


@dataclass(frozen=True)
class Endpoints:
    """Addresses of one Service port: ready ones, and all that kube-proxy may still use (serving while they end).

    `ports` are those of the usable ones, each with its address.
    """

    ready: frozenset[str] = frozenset()
    usable: frozenset[str] = frozenset()
    ports: frozenset[tuple[str, int]] = frozenset()


def mismatches(
    served: Services, found: Forwarding, addresses: frozenset[str], here: ServingNode | None = None
) -> frozenset[Mismatch]:
    """How the rules of one node, whose own `addresses` these are, differ from what is served, in the rules' family.

    `here` is that node as the model knows it. If it is None, nothing tells what policies and hints mean there: Services
    that have them may then leave endpoints aside.
    """
    taken = known(served.modelled)
    routes = by_place(found, addresses, taken)
    at_nodes = at_node_ports(found, addresses, taken)
    wanted = {
        place.key: place
        for service in served.modelled
        for place in (place_of(service, each) for each in frontends_of(service, found.family, here))
    }
    differences = {Mismatch(Kind.MISSING, place) for key, place in wanted.items() if key not in routes}
    own = _own_addresses(here, addresses, found.family)
    differences.update(_missing_there({place: at_nodes[key] for key, place in wanted.items() if key in at_nodes}, own))
    for key, route in routes.items():
        if key not in taken and key not in wanted:
            differences.add(Mismatch(Kind.LEFT, Place(route.service or "a Service", *key)))
    if traits(found.mode).shows_endpoints:
        every = {key: tuple(at_nodes.get(key, {}).values()) or (route,) for key, route in routes.items()}
        for service in served.modelled:
            differences.update(_endpoint_mismatches(service, served, every, here, found.family))
    return frozenset(differences)


def _own_addresses(here: ServingNode | None, addresses: frozenset[str], family: Family) -> frozenset[str]:
    """The node's addresses by its Node object, as far as it has them and its kube-proxy serves NodePorts there."""
    if here is None:
        return frozenset()
    of_family = (each for each in here.node.addresses if each in addresses and family_of(each) is family)
    return frozenset(each for each in of_family if here.proxy.serves_node_ports_at(here.node, each))


def _missing_there(served: Mapping[Place, Mapping[str, Route]], own: frozenset[str]) -> Iterator[Mismatch]:
    """NodePorts that are not at every address that they should be at; of those that are at none `MISSING` tells.

    kube-proxy collects the addresses once in a sync, for all NodePorts (nodeIPs in pkg/proxy/ipvs/proxier.go). So one
    that has come since is not missed.
    """
    everywhere = own.union(*served.values())
    for place, routes in served.items():
        yield from (
            Mismatch(Kind.MISSING_THERE, replace(place, address=address)) for address in everywhere - routes.keys()
        )


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


def _endpoint_mismatches(
    service: Service,
    served: Services,
    routes: Mapping[PlaceKey, tuple[Route, ...]],
    here: ServingNode | None,
    family: Family,
) -> Iterator[Mismatch]:
    for frontend in frontends_of(service, family, here):
        for route in routes.get(place_of(service, frontend).key, ()):
            yield from _at_frontend(service, frontend, route, served, here)


def _at_frontend(
    service: Service, frontend: Frontend, route: Route, served: Services, here: ServingNode | None
) -> Iterator[Mismatch]:
    place = place_of(service, frontend)
    have = _endpoints(served.copies, service, frontend.port, frontend.family)
    yield from _stale(place, route, have)
    yield from _ranges(place, route, service, frontend)
    yield from _remembers(place, route, service)
    if here is None:
        is_inside = frontend.kind is FrontendKind.CLUSTER_IP
        if is_inside and not (service.internal_is_local or service.name in served.hinted):
            yield from _unserved(place, route, _met(route), have.ready)
        return
    for where, met in views(route, frontend.kind):
        due = endpoints_due(service, served.copies, frontend, here, where)
        if due is not None:
            yield from _unserved(place, route, met, due)
            yield from _astray(place, met, have.ready - due)


def views(route: Route, kind: FrontendKind) -> Iterator[tuple[Where, frozenset[str]]]:
    """Whom the rules lead whereto. At external addresses policies treat who is inside and who is outside differently;
    a node itself is inside, however its kube-proxy tells its pods."""
    if kind is FrontendKind.CLUSTER_IP:
        yield Where.POD, _met(route)
        return
    yield Where.NODE, frozenset(share.address for share in route.inside)
    yield Where.OUTSIDE, frozenset(share.address for share in route.outside)


def viewpoints(kind: FrontendKind) -> tuple[Where, ...]:
    """The clients whom `views` tells apart at a place, whatever the rules do there."""
    return (Where.POD,) if kind is FrontendKind.CLUSTER_IP else (Where.NODE, Where.OUTSIDE)


def _ranges(place: Place, route: Route, service: Service, frontend: Frontend) -> Iterator[Mismatch]:
    """Source ranges hold at the addresses of load balancers, once there are endpoints.

    A mode may let the addresses of the load balancer itself in as well, which nodes have as their source when they ask
    there (allowFromNode in pkg/proxy/iptables/proxier.go).
    """
    if not (route.inside or route.outside):
        return
    wanted = source_ranges(service, frontend.family) if frontend.kind is FrontendKind.LOAD_BALANCER else ()
    everybody = EVERYTHING[frontend.family]
    due = networks(wanted or (everybody,))
    if route.sources is None:
        # Ranges of which one holds everybody are left out by kube-proxy, all of them.
        if due != networks((everybody,)):
            yield Mismatch(Kind.LET_IN, place, "everybody")
        return
    has = networks(route.sources)
    itself = networks(each.address for each in service.ingress if family_of(each.address) is frontend.family)
    yield from (Mismatch(Kind.SHUT_OUT, place, str(each)) for each in due if not is_within(each, has))
    yield from (Mismatch(Kind.LET_IN, place, str(each)) for each in has if not is_within(each, (*due, *itself)))


def _remembers(place: Place, route: Route, service: Service) -> Iterator[Mismatch]:
    """Each rule that remembers clients has the Service's time-out (API ClientIPConfig.timeoutSeconds)."""
    due = service.affinity_timeout_s
    yield from (Mismatch(Kind.REMEMBERS, place, f"{each} s") for each in route.affinity_timeouts_s if each != due)
    if due is not None and _met(route) and not route.affinity:
        yield Mismatch(Kind.REMEMBERS, place, "no time at all")


def _met(route: Route) -> frozenset[str]:
    return frozenset(share.address for share in (*route.inside, *route.outside))


def _stale(place: Place, route: Route, have: Endpoints) -> Iterator[Mismatch]:
    for address in sorted(_met(route) - have.usable):
        yield Mismatch(Kind.STALE, place, address)
    led_to = {(share.address, share.port) for share in (*route.inside, *route.outside)}
    for address in sorted({address for address, _ in led_to - have.ports} & have.usable):
        yield Mismatch(Kind.WRONG_PORT, place, address)


def endpoints_due(
    service: Service, read: Copies, frontend: Frontend, here: ServingNode, where: Where
) -> frozenset[str] | None:
    """The endpoints to which a frontend leads this node, its pods, or clients outside.

    None if Kubernetes does not say which.
    """
    try:
        of_port = pool(read, service, frontend.port, frontend.family)
    except Undefined:
        return None
    anybody = Passage(service, frontend, Client(where, here.node.name, ""), here)
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
