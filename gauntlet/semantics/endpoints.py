"""The endpoints of one port of a Service in one family, out of its slices; and what the controllers write into slices.

What kube-proxy does with slices is in pkg/proxy/endpointslicecache.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gauntlet.ground.family import Family, place
from gauntlet.semantics.objects import (
    FIT,
    FOR_ALL,
    Conditions,
    Distribution,
    Endpoint,
    EndpointSlice,
    Hints,
    Protocol,
    Service,
    ServicePort,
)

HEADLESS_LABEL = "service.kubernetes.io/headless"
_CLOSE = frozenset({Distribution.PREFER_CLOSE, Distribution.PREFER_SAME_ZONE, Distribution.PREFER_SAME_NODE})


class Undefined(LookupError):
    """Kubernetes leaves open what holds: the same address is there twice, in different conditions."""


@dataclass(frozen=True)
class Backend:
    """An address and port that a connection may be sent to."""

    address: str
    port: int
    node: str = ""
    conditions: Conditions = FIT
    hints: Hints = FOR_ALL

    def __str__(self) -> str:
        return place(self.address, self.port)


@dataclass(frozen=True)
class PortKey:
    """What joins a port of a slice to one of a Service."""

    service: str
    name: str
    protocol: Protocol
    family: Family


Copies = Mapping[PortKey, Mapping[tuple[str, int], tuple[Backend, ...]]]


def copies(slices: Iterable[EndpointSlice]) -> Copies:
    """Every endpoint that kube-proxy reads, by port and address, as often as it is there in different conditions.

    An endpoint is its first address: the others mean nothing (API Endpoint.addresses). Ports without a number, slices
    of names and slices with the label headless are not read.
    """
    found: dict[PortKey, dict[tuple[str, int], tuple[Backend, ...]]] = {}
    for each in slices:
        if each.address_type not in tuple(Family) or HEADLESS_LABEL in each.labels:
            continue
        for port in each.ports:
            if port.number == 0:
                continue
            key = PortKey(each.service, port.name, port.protocol, Family(each.address_type))
            of_port = found.setdefault(key, {})
            for backend in _backends(each.endpoints, port.number):
                at = (backend.address, backend.port)
                known = of_port.get(at, ())
                of_port[at] = known if backend in known else (*known, backend)
    return found


def pool(found: Copies, service: Service, port: ServicePort, family: Family) -> tuple[Backend, ...]:
    """The endpoints of a port, sorted. Raises Undefined if one is there twice and Kubernetes does not say which counts.

    Of an address that is there twice, one that does not terminate counts rather than one that does.
    """
    of_port = found.get(PortKey(service.name, port.name, port.protocol, family), {})
    return tuple(_chosen(of_port[at]) for at in sorted(of_port))


def _chosen(of_address: tuple[Backend, ...]) -> Backend:
    alive = tuple(each for each in of_address if not each.conditions.terminating) or of_address
    if len(alive) > 1:
        raise Undefined(f"{alive[0]} is there {len(alive)} times, and what is said of it differs")
    return alive[0]


def _backends(endpoints: Iterable[Endpoint], port: int) -> Iterable[Backend]:
    for each in endpoints:
        if each.addresses:
            yield Backend(each.addresses[0], port, each.node, each.conditions, each.hints)


@dataclass(frozen=True)
class PodState:
    """`ready` is its condition Ready; it is `terminating` once it has a deletion timestamp."""

    ready: bool
    terminating: bool = False


def conditions_of(pod: PodState, service: Service) -> Conditions:
    """What the controller writes for a pod of a Service (podToEndpoint in k8s.io/endpointslice/utils.go)."""
    ready = service.publish_not_ready or (pod.ready and not pod.terminating)
    return Conditions(ready, serving=pod.ready, terminating=pod.terminating)


def hints_of(endpoint: Endpoint, service: Service) -> Hints:
    """The hints that the controller writes for trafficDistribution (k8s.io/endpointslice/trafficdist, 1.37)."""
    if service.distribution not in _CLOSE or not endpoint.conditions.ready:
        return FOR_ALL
    by_node = service.distribution is Distribution.PREFER_SAME_NODE and endpoint.node
    return Hints(
        zones=frozenset({endpoint.zone} if endpoint.zone else ()),
        nodes=frozenset({endpoint.node} if by_node else ()),
    )
