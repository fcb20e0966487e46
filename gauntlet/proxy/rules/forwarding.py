"""The model: for each Service address, port and protocol, what a new connection would meet on one node."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.ground.history import Protocol


class Action(StrEnum):
    FORWARD = "forward"
    REJECT = "reject"
    DROP = "drop"


class Source(StrEnum):
    """Where a connection comes from. Rules for `externalTrafficPolicy: Local` treat the two differently."""

    INSIDE = "inside"  # a pod of the cluster's pod range, or the node itself
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Share:
    """One endpoint and the probability, in [0, 1], that a new connection from a new client goes to it."""

    address: str
    port: int
    probability: float


@dataclass(frozen=True)
class Route:
    """What would happen to a new connection to `address`:`port`.

    `address` is None for a NodePort: any address of the node that accepts NodePorts. `inside` and
    `outside` are the endpoints that a client inside and one outside the cluster would meet; their
    probabilities add up to less than 1 where some connections would fall through all rules.
    `affinity_timeouts_s` are the times for which rules remember clients, each once, in order, where rules show them.
    `sources` are the ranges from which clients are let in at all, as the rules write them; None: from anywhere.
    `service` is the name kube-proxy wrote beside the rule (`namespace/name:port`); empty where it wrote none.
    `note` says in words what shares and action do not.
    """

    address: str | None
    port: int
    protocol: Protocol
    action: Action
    service: str = ""
    inside: tuple[Share, ...] = ()
    outside: tuple[Share, ...] = ()
    affinity: bool = False
    affinity_timeouts_s: tuple[int, ...] = ()
    sources: tuple[str, ...] | None = None
    chains: tuple[str, ...] = ()
    note: str = ""

    def share_of(self, address: str) -> float:
        """The probability that a connection from inside goes to the endpoint at `address`; 0 where never."""
        return sum(share.probability for share in self.inside if share.address == address)


@dataclass(frozen=True)
class RuleSize:
    """How much kube-proxy has written: rules and chains, and elements of sets and maps (0 in iptables mode).

    In ipvs mode, elements are entries of ipsets, virtual servers and real servers together.
    """

    rules: int
    chains: int
    elements: int = 0


@dataclass(frozen=True)
class Forwarding:
    """All of it for one node and one IP family. `hooked` says whether packets reach kube-proxy's rules:
    those that come in, those of the node itself, and, to be masqueraded, those that go out.

    `orphans` are what is left of Services and no packet gets to: chains that nothing leads to; in ipvs mode addresses
    that the node has got and no virtual server has.
    """

    mode: ProxyMode
    hooked: bool
    routes: tuple[Route, ...]
    size: RuleSize
    family: Family = Family.IPV4
    orphans: tuple[str, ...] = ()

    def find(self, address: str, port: int, protocol: Protocol | None = None) -> tuple[Route, ...]:
        """The routes of this address and port, NodePorts included; of both protocols where none is given."""
        return tuple(
            route
            for route in self.routes
            if route.port == port
            and route.address in (address, None)
            and (protocol is None or route.protocol == protocol)
        )
