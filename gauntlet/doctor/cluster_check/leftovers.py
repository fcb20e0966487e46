"""What is left on a node of endpoints and Services that are gone: parts of rules, and flows that are tracked.

Flows of both families are held against the Services that there are. kube-proxy ends a UDP flow whose backend does not
serve any more, at every frontend of a Service (pkg/proxy/conntrack/cleanup.go), in some versions only
while another endpoint serves (kubernetes/kubernetes 139628). It leaves alone established TCP connections, and flows of
Services that are deleted (141371).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.served_places import Place, PlaceKey, known, serving_at
from gauntlet.ground.family import place
from gauntlet.proxy.conntrack import Tracked
from gauntlet.proxy.rules import Forwarding
from gauntlet.semantics.proxy import within

# Those that an API server gives out if it is not told others (--service-node-port-range).
_NODE_PORTS = range(30000, 32768)


class Left(StrEnum):
    """What it is."""

    ORPHAN = "what nothing leads to, left of a Service"
    STALE_UDP = "a UDP flow to a backend that is no endpoint any more"
    KEPT_TCP = "a TCP connection to a backend that is no endpoint any more"
    GONE = "a flow of a Service that is not there any more"

    @property
    def may_go(self) -> bool:
        """Whether a sync that is about to come takes it away: it is looked at again before it counts."""
        return self in (Left.ORPHAN, Left.STALE_UDP)


@dataclass(frozen=True)
class Leftover:
    """One thing that is left. `freshness` says since when, and when it was last in use, as far as that is known."""

    kind: Left
    what: str
    freshness: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.what} ({self.freshness})" if self.freshness else self.what


def orphans(rules: Iterable[Forwarding]) -> frozenset[Leftover]:
    """Parts of the rules of a node, of all families."""
    return frozenset(Leftover(Left.ORPHAN, what) for each in rules for what in each.orphans)


def flows(
    served: Services, tracked: Collection[Tracked], addresses: frozenset[str], pod_ranges: Sequence[str]
) -> frozenset[Leftover]:
    """Flows that a node with these addresses translates, and that no Service leads there any more.

    Somebody else may translate as well (host ports): what is at no known frontend counts only if it leads to a pod, by
    `pod_ranges` of all nodes, and not from one of the node's own addresses at what is no NodePort.
    """
    if not tracked:
        return frozenset()
    at = serving_at(served)
    # The other protocol of a number that a Service has is no flow of a Service that is gone.
    taken = {(address, port) for address, port, _ in known(served.modelled)}
    return frozenset(
        leftover for each in tracked if (leftover := _judged(each, at, taken, addresses, pod_ranges)) is not None
    )


def _judged(
    flow: Tracked,
    at: Mapping[PlaceKey, tuple[Place, frozenset[tuple[str, int]]]],
    taken: Collection[tuple[str | None, int]],
    addresses: frozenset[str],
    pod_ranges: Sequence[str],
) -> Leftover | None:
    backend = place(flow.backend, flow.backend_port)
    for address in _asked(flow, addresses):
        frontend = at.get((address, flow.port, flow.protocol))
        if frontend is not None:
            if (flow.backend, flow.backend_port) in frontend[1]:
                return None
            kind = Left.STALE_UDP if flow.protocol == "udp" else Left.KEPT_TCP
            return Leftover(kind, f"{flow}, of {frontend[0].service} -> {backend}", flow.freshness)
        if (address, flow.port) in taken:
            return None
    if flow.destination in addresses and flow.port not in _NODE_PORTS:
        return None
    if not within(flow.backend, pod_ranges):
        return None
    return Leftover(Left.GONE, f"{flow} -> {backend}", flow.freshness)


def _asked(flow: Tracked, addresses: frozenset[str]) -> Iterator[str | None]:
    """Under which addresses a Service may be asked for: an external IP may be one of the node's own."""
    yield flow.destination
    if flow.destination in addresses:
        yield None
