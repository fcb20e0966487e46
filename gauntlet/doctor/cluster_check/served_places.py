"""The places where Services are served, and the routes that the rules of a node have there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.ground.family import Family, place
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Action, Forwarding, Route
from gauntlet.semantics.endpoints import PortKey
from gauntlet.semantics.frontends import Frontend, frontends
from gauntlet.semantics.objects import IpMode, Service
from gauntlet.semantics.places import ServingNode
from gauntlet.semantics.versions import VersionRules

# Address (None: a NodePort), port and protocol.
PlaceKey: TypeAlias = tuple[str | None, int, str]
# What every version serves: Services with the label headless have no rules before 1.36.
_IN_ALL_VERSIONS = VersionRules(reads_headless_label=False)


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

    @property
    def key(self) -> PlaceKey:
        return self.address, self.port, self.protocol


def places(served: Services, family: Family = Family.IPV4) -> tuple[Place, ...]:
    """Every place of a family that must have a rule on every node."""
    return tuple(
        dict.fromkeys(place_of(service, each) for service in served.modelled for each in frontends_of(service, family))
    )


def serving_at(served: Services) -> Mapping[PlaceKey, tuple[Place, frozenset[tuple[str, int]]]]:
    """Each place of a Service, with the addresses and ports of its endpoints to which flows may go on, that of a
    NodePort with those of both families: all that are ready or serve (IsServing in pkg/proxy/endpoint.go)."""
    found: dict[PlaceKey, tuple[Place, frozenset[tuple[str, int]]]] = {}
    for service in served.modelled:
        for family in Family:
            for frontend in frontends_of(service, family):
                place = place_of(service, frontend)
                of_port = served.copies.get(PortKey(service.name, frontend.port.name, frontend.protocol, family), {})
                every = (each for of_address in of_port.values() for each in of_address)
                now = {(each.address, each.port) for each in every if each.conditions.ready or each.conditions.serving}
                _, before = found.get(place.key, (place, frozenset()))
                found[place.key] = place, before | now
    return found


def frontends_of(service: Service, family: Family, here: ServingNode | None = None) -> Iterator[Frontend]:
    """What of a Service must have a rule on every node; on this one, if it is known, whose kube-proxy may leave
    external IPs aside (KEP-5707) and not know ipMode (KEP-1860)."""
    served = _IN_ALL_VERSIONS
    if here is not None:
        knows = here.proxy.version
        served = replace(served, external_ips=knows.external_ips, ip_mode=knows.ip_mode)
    for each in frontends(service, served):
        if each.family is family:
            yield each


def place_of(service: Service, frontend: Frontend) -> Place:
    """A frontend by the names that kube-proxy writes."""
    name = f"{service.name}:{frontend.port.name}" if frontend.port.name else service.name
    return Place(name, frontend.address or None, frontend.number, frontend.protocol.lower())


def by_place(found: Forwarding, addresses: frozenset[str], taken: Collection[PlaceKey]) -> dict[PlaceKey, Route]:
    """Routes by address (None: a NodePort), port and protocol. `taken` are the places of Services.

    ipvs mode has a virtual server at each of the node's `addresses` for a NodePort; other modes have routes at one of
    these only for an external IP. What forwards counts before what refuses: with policy Local and no endpoint here,
    clients outside are dropped, and those inside led on.
    """
    routes: dict[PlaceKey, Route] = {}
    for route in found.routes:
        key = _key(route, addresses, taken)
        routes.setdefault(key, route)
        if routes[key].action is not Action.FORWARD:
            routes[key] = route
    return routes


def at_node_ports(
    found: Forwarding, addresses: frozenset[str], taken: Collection[PlaceKey]
) -> dict[PlaceKey, dict[str, Route]]:
    """The routes of each NodePort by the address of the node, in a mode that has one at each; none in others."""
    routes: dict[PlaceKey, dict[str, Route]] = {}
    if traits(found.mode).keeps_virtual_servers:
        for route in found.routes:
            key = _key(route, addresses, taken)
            if key[0] is None and route.address is not None:
                routes.setdefault(key, {})[route.address] = route
    return routes


def _key(route: Route, addresses: frozenset[str], taken: Collection[PlaceKey]) -> PlaceKey:
    port, protocol = route.port, str(route.protocol)
    is_node_port = route.address in addresses and (route.address, port, protocol) not in taken
    return None if is_node_port else route.address, port, protocol


def known(services: Iterable[Service]) -> frozenset[PlaceKey]:
    """Every place, and every NodePort, of any Service, also of those that kube-proxy leaves aside."""
    return frozenset(
        (address, number, port.protocol.lower())
        for service in services
        for port in service.ports
        for address, number in (*((each, port.port) for each in _addresses(service)), (None, port.node_port))
    )


def _addresses(service: Service) -> Iterator[str]:
    yield from service.cluster_ips
    yield from service.external_ips
    yield from (each.address for each in service.ingress if each.ip_mode is IpMode.VIP)
