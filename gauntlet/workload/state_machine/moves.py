"""Move: one change of a Service, of its endpoints, or of the kube-proxies. Plain data, which can be saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from gauntlet.semantics.objects import Policy, ServiceType

# Pods that Services may lead to: two nodes have four.
PODS = 4
NODES = 2


class Kind(StrEnum):
    """What changes. A Service that is not there is made by any move but its deletion."""

    ENDPOINT = "endpoint"
    TYPE = "type"
    PORTS = "ports"
    EXTERNAL_POLICY = "externalTrafficPolicy"
    INTERNAL_POLICY = "internalTrafficPolicy"
    AFFINITY = "affinity"
    RANGES = "source ranges"
    DELETE = "delete"
    RESTART = "restart"
    CONFIGURATION = "configuration"

    @property
    def is_on_nodes(self) -> bool:
        """Whether it is about kube-proxies, not about a Service."""
        return self in (Kind.RESTART, Kind.CONFIGURATION)


class Fitness(StrEnum):
    """What a slice says of an endpoint; GONE takes it out."""

    READY = "ready"
    UNREADY = "unready"
    TERMINATING = "terminating"
    ENDED = "ended"
    GONE = "gone"


class Ports(StrEnum):
    BOTH = "TCP and UDP"
    TCP = "TCP alone"
    OTHERS = "TCP and UDP under other numbers"


class Ranges(StrEnum):
    """Of clients that load balancer IPs let in."""

    EVERYBODY = "everybody"
    NOBODY = "nobody"
    ONE_NODE = "pods of one node"


class Affinity(StrEnum):
    NONE = "none"
    HOURS = "three hours"


class Configuration(StrEnum):
    AS_GIVEN = "as given"
    MASQUERADE_ALL = "masquerade all"


VALUES: Mapping[Kind, tuple[str, ...]] = {
    Kind.ENDPOINT: tuple(Fitness),
    Kind.TYPE: (ServiceType.LOAD_BALANCER, ServiceType.NODE_PORT, ServiceType.CLUSTER_IP),
    Kind.PORTS: tuple(Ports),
    Kind.EXTERNAL_POLICY: (Policy.LOCAL, Policy.CLUSTER),
    Kind.INTERNAL_POLICY: (Policy.LOCAL, Policy.CLUSTER),
    Kind.AFFINITY: (Affinity.HOURS, Affinity.NONE),
    Kind.RANGES: (Ranges.NOBODY, Ranges.ONE_NODE, Ranges.EVERYBODY),
    Kind.DELETE: ("",),
    Kind.RESTART: ("",),
    Kind.CONFIGURATION: (Configuration.MASQUERADE_ALL, Configuration.AS_GIVEN),
}


@dataclass(frozen=True)
class Move:
    """`number` is that of the Service, or of the node for a restart; `pod` is that of an endpoint. All count from 0."""

    kind: Kind
    number: int = 0
    value: str = ""
    pod: int = 0

    def __str__(self) -> str:
        if self.kind is Kind.RESTART:
            return f"kube-proxy on node {self.number} restarts"
        if self.kind is Kind.CONFIGURATION:
            return f"configuration of all kube-proxies: {self.value}"
        service = f"Service {name(self.number)}"
        if self.kind is Kind.DELETE:
            return f"{service}: deleted"
        if self.kind is Kind.ENDPOINT:
            return f"{service}: endpoint pod {self.pod} is {self.value}"
        return f"{service}: {self.kind} {self.value}"


# The moves of each step: they are made together.
Sequence: TypeAlias = tuple[tuple[Move, ...], ...]


def name(number: int) -> str:
    """Of a Service."""
    return f"s{number}"


def moves(kind: Kind, services: int) -> Iterator[Move]:
    """All of a kind, of so many Services, the plainest first."""
    numbers = {Kind.RESTART: NODES, Kind.CONFIGURATION: 1}.get(kind, services)
    for value in VALUES[kind]:
        for number in range(numbers):
            for pod in range(PODS if kind is Kind.ENDPOINT else 1):
                yield Move(kind, number, str(value), pod)
