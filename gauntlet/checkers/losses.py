"""Losses: what a fault cost those who had something to keep, from the moment it struck.

Kept TCP connections that were cut, UDP flows of a fixed port that were lost or moved, clients of a Service with
`sessionAffinity: ClientIP` that met another backend. Each is held against a field of the Slo. If that is null, nothing
is promised to the flows that go through the hurt node; what befalls the others is none of the fault's, and held against
`losses_elsewhere`, unless the fault may be felt in the whole cluster.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from gauntlet.checkers.affinity_broken import affinity_broken
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.joined import worst
from gauntlet.checkers.kept_flows import NOTHING_GONE, Stretch
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, History, Protocol
from gauntlet.promises.promise import BlastRadius, Slo

LOSSES = ("connections-cut", "udp-flows-lost", "udp-flows-moved", "affinity-broken")

# A checker of kept flows: a history, the number that is promised, and the backends that had begun to go.
Counter = Callable[[History, int | None, Mapping[str, int]], Finding]


@dataclass(frozen=True)
class Reach:
    """Whom the fault may reach. `through` is which attempts go through the hurt node, `elsewhere` what others may lose.

    `carried_off` are backends that the fault may take away from everybody, with when: those on the hurt node, if its
    radius says so.
    """

    radius: BlastRadius
    through: pl.Expr
    elsewhere: int | None = 0
    carried_off: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Sticky:
    """A Service with `sessionAffinity: ClientIP`, by `namespace/name`, and for how long it remembers a client."""

    service: str
    timeout_s: float


def losses(
    history: History, slo: Slo, reach: Reach, *, since_ns: int, sticky: Sticky, gone: Mapping[str, int] = NOTHING_GONE
) -> Iterator[Finding]:
    """One finding for each of `LOSSES`, about what was seen from `since_ns` on.

    `gone` are backends that were taken out of their Service, with when, in ns.
    """
    within = Stretch(since_ns, 2**63)

    def cut(seen: History, at_most: int | None, left: Mapping[str, int]) -> Finding:
        return connections_cut(seen, at_most=at_most, gone=left, within=within)

    def lost(seen: History, at_most: int | None, left: Mapping[str, int]) -> Finding:
        return udp_flows_lost(seen, at_most=at_most, gone=left, within=within)

    def moved(seen: History, at_most: int | None, left: Mapping[str, int]) -> Finding:
        return udp_flows_moved(seen, at_most=at_most, gone=left, within=within)

    def broken(seen: History, at_most: int | None, left: Mapping[str, int]) -> Finding:
        mine = History(seen.attempts.filter(pl.col("service") == sticky.service), seen.events)
        return affinity_broken(mine, timeout_s=sticky.timeout_s, at_most=at_most, gone=left, within=within)

    yield _by_reach(history, cut, slo.connections_cut, reach, gone, _kept(Protocol.TCP))
    # A flow whose backend is cut off is lost for as long as that lasts, wherever it comes from: nothing moves it.
    felt = BlastRadius.CLUSTER if reach.carried_off else reach.radius
    everywhere = dataclasses.replace(reach, radius=felt)
    yield _by_reach(history, lost, slo.udp_flows_lost, everywhere, gone, _kept(Protocol.UDP))
    yield _by_reach(history, moved, slo.udp_flows_moved, reach, gone, _kept(Protocol.UDP))
    yield _by_reach(history, broken, slo.affinity_broken, reach, gone, pl.col("service") == sticky.service)


def _by_reach(
    history: History, counter: Counter, at_most: int | None, reach: Reach, gone: Mapping[str, int], mine: pl.Expr
) -> Finding:
    """What is counted, held against the promise; if there is none, against another one for flows out of reach."""
    far = history.attempts.filter(~reach.through)
    all_alike = reach.radius is BlastRadius.CLUSTER or reach.elsewhere is None
    if at_most is not None or all_alike or far.filter(mine).is_empty():
        return counter(history, at_most, gone)
    near = counter(History(history.attempts.filter(reach.through), history.events), None, gone)
    others = counter(History(far, history.events), reach.elsewhere, {**reach.carried_off, **gone})
    both = f"through the hurt node {near.reason}; elsewhere {others.reason}"
    return dataclasses.replace(worst(near, others), reason=both)


def _kept(protocol: Protocol) -> pl.Expr:
    return (pl.col("connection") == str(Connection.KEPT)) & (pl.col("protocol") == str(protocol))
