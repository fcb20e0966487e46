"""State: what is there after some moves, and the steps that a sequence of moves makes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

from gauntlet.ground import nobody
from gauntlet.ground.family import Family, family_of
from gauntlet.ground.history import Protocol
from gauntlet.semantics.objects import Policy, ServiceType
from gauntlet.workload.backend import HTTP_PORT, UDP_PORT
from gauntlet.workload.catalogue import Pods, Step, Steps
from gauntlet.workload.endpoints import Endpoint, ended, ready, terminating, unready
from gauntlet.workload.service import HTTP, STICKY, UDP, Port, Service
from gauntlet.workload.state_machine.moves import (
    Affinity,
    Configuration,
    Fitness,
    Kind,
    Move,
    Ports,
    Ranges,
    Sequence,
    name,
)

_PORTS = {
    Ports.BOTH: (HTTP, UDP),
    Ports.TCP: (HTTP,),
    Ports.OTHERS: (Port(81, HTTP_PORT), Port(82, UDP_PORT, Protocol.UDP)),
}
_ENDPOINTS = {
    Fitness.READY: ready,
    Fitness.UNREADY: unready,
    Fitness.TERMINATING: terminating,
    Fitness.ENDED: ended,
}
_PREFIX = {Family.IPV4: 24, Family.IPV6: 64}


@dataclass(frozen=True)
class Served:
    """One Service, in the words of moves. A new one is reached in every way there is, and led to pods of two nodes."""

    type: ServiceType = ServiceType.LOAD_BALANCER
    ports: Ports = Ports.BOTH
    endpoints: Mapping[int, Fitness] = field(default_factory=lambda: {0: Fitness.READY, 1: Fitness.READY})
    external: Policy = Policy.CLUSTER
    internal: Policy = Policy.CLUSTER
    affinity: Affinity = Affinity.NONE
    ranges: Ranges = Ranges.EVERYBODY

    def after(self, move: Move) -> Served:
        """The Service once a move has changed it."""
        match move.kind:
            case Kind.TYPE:
                return replace(self, type=ServiceType(move.value))
            case Kind.PORTS:
                return replace(self, ports=Ports(move.value))
            case Kind.EXTERNAL_POLICY:
                return replace(self, external=Policy(move.value))
            case Kind.INTERNAL_POLICY:
                return replace(self, internal=Policy(move.value))
            case Kind.AFFINITY:
                return replace(self, affinity=Affinity(move.value))
            case Kind.RANGES:
                return replace(self, ranges=Ranges(move.value))
            case Kind.ENDPOINT:
                changed = {**self.endpoints, move.pod: Fitness(move.value)}
                there = {pod: fit for pod, fit in sorted(changed.items()) if fit is not Fitness.GONE}
                return replace(self, endpoints=there)
            case _:
                raise ValueError(f"{move.kind} does not change a Service")


@dataclass(frozen=True)
class State:
    """The Services by their numbers, and the configuration of the kube-proxies."""

    services: Mapping[int, Served] = field(default_factory=dict)
    configuration: Configuration = Configuration.AS_GIVEN

    def after(self, move: Move) -> State:
        """What is there once this move was made."""
        if move.kind is Kind.RESTART:
            return self
        if move.kind is Kind.CONFIGURATION:
            return replace(self, configuration=Configuration(move.value))
        if move.kind is Kind.DELETE:
            left = {number: each for number, each in self.services.items() if number != move.number}
            return replace(self, services=left)
        changed = self.services.get(move.number, Served()).after(move)
        return replace(self, services=dict(sorted({**self.services, move.number: changed}.items())))


def states(sequence: Sequence) -> tuple[State, ...]:
    """The state after each step."""
    made: list[State] = []
    now = State()
    for step in sequence:
        for move in step:
            now = now.after(move)
        made.append(now)
    return tuple(made)


def steps(sequence: Sequence, pods: Pods) -> Steps:
    """The steps of a declared case."""
    return tuple(
        Step(
            "; ".join(map(str, moves)),
            {_service(number, each, pods): _endpoints(each, pods) for number, each in state.services.items()},
        )
        for moves, state in zip(sequence, states(sequence), strict=True)
    )


def in_words(sequence: Sequence) -> tuple[str, ...]:
    """The steps for people, a line each."""
    return tuple(f"{number}. {'; '.join(map(str, step))}" for number, step in enumerate(sequence, start=1))


def _service(number: int, of: Served, pods: Pods) -> Service:
    """The API knows an external policy only of Services with external addresses, and ranges only of load balancers."""
    is_balanced = of.type is ServiceType.LOAD_BALANCER
    is_external = is_balanced or of.type is ServiceType.NODE_PORT
    return Service(
        name(number),
        ports=_PORTS[of.ports],
        type=of.type,
        app=None,
        affinity_timeout_s=STICKY.affinity_timeout_s if of.affinity is Affinity.HOURS else None,
        external_traffic=of.external if is_external else Policy.CLUSTER,
        internal_traffic=of.internal,
        source_ranges=_ranges(of.ranges, pods) if is_balanced else (),
    )


def _endpoints(of: Served, pods: Pods) -> tuple[Endpoint, ...]:
    return tuple(_ENDPOINTS[fit](pods[number % len(pods)]) for number, fit in of.endpoints.items())


def _ranges(of: Ranges, pods: Pods) -> tuple[str, ...]:
    if of is Ranges.EVERYBODY:
        return ()
    if of is Ranges.NOBODY:
        return nobody.SOURCES
    addresses = pods[0].addresses
    return tuple(str(ip_network(f"{each}/{_PREFIX[family_of(each)]}", strict=False)) for each in addresses)
