"""Where the rules of a node and the Services of the API server differ.

IPv4, TCP and UDP alone: that is what the readers of rules know.

What kube-proxy leaves aside by its API is left aside: headless Services, ExternalName, and those that carry the labels
service.kubernetes.io/headless or service-proxy-name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.kube.objects import EndpointSlice, ServiceObject, ServicePort
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Action, Forwarding, Route

_PROTOCOLS = frozenset({"tcp", "udp"})
_NOT_OURS = ("service.kubernetes.io/headless", "service.kubernetes.io/service-proxy-name")


class Kind(StrEnum):
    """What is wrong with one place."""

    MISSING = "has no rule"
    LEFT = "is of no Service"
    REFUSES = "is refused, although it has ready endpoints"
    STALE = "leads to an address that is no endpoint of the Service"
    PASSED_OVER = "does not lead to a ready endpoint"


@dataclass(frozen=True)
class Place:
    """What a client connects to. `address` is None for a NodePort."""

    service: str
    address: str | None
    port: int
    protocol: str

    def __str__(self) -> str:
        where = f"node port {self.port}" if self.address is None else f"{self.address}:{self.port}"
        return f"{self.service} ({where}/{self.protocol})"


@dataclass(frozen=True)
class Mismatch:
    """One difference. `endpoint` is the address it is about, where it is about one."""

    kind: Kind
    place: Place
    endpoint: str = ""


@dataclass(frozen=True)
class Endpoints:
    """Addresses of one Service port: ready ones, and all that kube-proxy may still use (serving while they end)."""

    ready: frozenset[str] = frozenset()
    usable: frozenset[str] = frozenset()


def ours(service: ServiceObject) -> bool:
    """Whether kube-proxy writes rules for it."""
    spec = service.spec
    return (
        spec.type != "ExternalName"
        and spec.cluster_ip not in ("", "None")
        and not any(label in service.metadata.labels for label in _NOT_OURS)
    )


def places(served: Services) -> tuple[Place, ...]:
    """Every place that must have a rule on every node."""
    return tuple(
        place
        for service in served.services
        if ours(service)
        for port in service.spec.ports
        for place in _places(service, port)
    )


def mismatches(served: Services, found: Forwarding, addresses: frozenset[str]) -> frozenset[Mismatch]:
    """How the rules of one node, whose own `addresses` these are, differ from what is served."""
    routes = {(_address(route, addresses), route.port, str(route.protocol)): route for route in found.routes}
    wanted = {(place.address, place.port, place.protocol): place for place in places(served)}
    differences = {Mismatch(Kind.MISSING, place) for key, place in wanted.items() if key not in routes}
    known = _known(served)
    for (address, port, protocol), route in routes.items():
        if (address, port) not in known:
            differences.add(Mismatch(Kind.LEFT, Place(route.service or "a Service", address, port, protocol)))
    if traits(found.mode).shows_endpoints:
        differences.update(_endpoint_mismatches(served, routes))
    return frozenset(differences)


def endpoints(served: Services) -> Mapping[tuple[str, str], Endpoints]:
    """The endpoints of each Service (namespace/name) and port name."""
    ready: dict[tuple[str, str], set[str]] = {}
    usable: dict[tuple[str, str], set[str]] = {}
    for each in served.slices:
        if each.address_type != "IPv4":
            continue
        for port in each.ports:
            key = (each.service, port.name)
            for address, is_ready, is_usable in _conditions(each):
                ready.setdefault(key, set()).update({address} if is_ready else ())
                usable.setdefault(key, set()).update({address} if is_usable else ())
    return {key: Endpoints(frozenset(ready[key]), frozenset(usable[key])) for key in usable}


def _conditions(each: EndpointSlice) -> Iterator[tuple[str, bool, bool]]:
    """Address, whether it is ready, whether it may be used."""
    for endpoint in each.endpoints:
        said = endpoint.conditions
        for address in endpoint.addresses:
            yield address, said.ready, said.ready or (said.serving and said.terminating)


def _places(service: ServiceObject, port: ServicePort) -> Iterator[Place]:
    protocol = port.protocol.lower()
    if protocol not in _PROTOCOLS:
        return
    name = f"{service.metadata.full_name}:{port.name}" if port.name else service.metadata.full_name
    for address in _addresses(service):
        yield Place(name, address, port.port, protocol)
    if port.node_port:
        yield Place(name, None, port.node_port, protocol)


def _addresses(service: ServiceObject) -> tuple[str, ...]:
    """Cluster, external and load balancer addresses, those of IPv4."""
    spec = service.spec
    balanced = [each.ip for each in service.status.load_balancer.ingress if each.ip_mode == "VIP"]
    every = (*(spec.cluster_ips or (spec.cluster_ip,)), *spec.external_ips, *balanced)
    return tuple(dict.fromkeys(each for each in every if each and ":" not in each))


def _address(route: Route, addresses: frozenset[str]) -> str | None:
    """ipvs mode has a virtual server at each of the node's addresses for a NodePort."""
    return None if route.address in addresses else route.address


def _known(served: Services) -> frozenset[tuple[str | None, int]]:
    """Every address and port, and every NodePort, of any Service, ours or not."""
    return frozenset(
        key
        for service in served.services
        for port in service.spec.ports
        for key in (*((address, port.port) for address in _addresses(service)), (None, port.node_port or 0))
    )


def _endpoint_mismatches(served: Services, routes: Mapping[tuple[str | None, int, str], Route]) -> Iterator[Mismatch]:
    known = endpoints(served)
    spread = {
        each.service
        for each in served.slices
        if any(one.hints.for_zones or one.hints.for_nodes for one in each.endpoints)
    }
    for service in filter(ours, served.services):
        name = service.metadata.full_name
        # Such Services may rightly leave endpoints of other nodes or zones aside.
        local = service.spec.internal_traffic_policy == "Local" or name in spread
        for port in service.spec.ports:
            have = known.get((name, port.name), Endpoints())
            for place in _places(service, port):
                route = routes.get((place.address, place.port, place.protocol))
                if route is None:
                    continue
                yield from _stale(place, route, have)
                if not local and place.address == service.spec.cluster_ip:
                    yield from _unserved(place, route, have)


def _met(route: Route) -> frozenset[str]:
    return frozenset(share.address for share in (*route.inside, *route.outside))


def _stale(place: Place, route: Route, have: Endpoints) -> Iterator[Mismatch]:
    for address in sorted(_met(route) - have.usable):
        yield Mismatch(Kind.STALE, place, address)


def _unserved(place: Place, route: Route, have: Endpoints) -> Iterator[Mismatch]:
    met = _met(route)
    if have.ready and (route.action is not Action.FORWARD or not met):
        yield Mismatch(Kind.REFUSES, place)
        return
    for address in sorted(have.ready - met):
        yield Mismatch(Kind.PASSED_OVER, place, address)
