"""The phases of an upgrade as data: what is done in which order, and which kube-proxy each node has after it.

What was left behind on the nodes is audited at the end of each phase, before it counts as over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.checkers.sample import end_ns, failed
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, History
from gauntlet.upgrade.strategy import Batch, Roll


class Side(StrEnum):
    """Which of the two subjects."""

    FROM = "from"
    TO = "to"


class Task(StrEnum):
    """What is done in a phase. To hold is to leave all kube-proxies alone while clients go on and endpoints change."""

    HOLD = "hold"
    CONFORMANCE = "conformance"
    FAULTS = "faults"
    ROLL = "roll"


class Selection(StrEnum):
    """Which cases run beside the traffic of an upgrade: none, the few of smoke, the gate's, or all of conformance.

    The faults are the gate's, whichever of conformance are chosen.
    """

    NONE = "none"
    SMOKE = "smoke"
    GATE = "gate"
    ALL = "all"

    @property
    def tasks(self) -> frozenset[Task]:
        """What phases are to do."""
        return frozenset(Task) - CASES if self is Selection.NONE else frozenset(Task)


# What of an upgrade is pytest's cases, on its cluster and beside its traffic.
CASES = frozenset({Task.CONFORMANCE, Task.FAULTS})


class Leg(StrEnum):
    """Where on the way a phase is."""

    START = "start"
    THERE = "there"
    BACK = "back"
    AGAIN = "again"


class Extent(StrEnum):
    """`quick` is the way there alone, without faults."""

    WHOLE = "whole"
    QUICK = "quick"


@dataclass(frozen=True)
class Phase:
    """One phase. `name` is what events, reports and acceptances call it.

    `towards` is the subject that a roll gives the nodes of `batches`, batch after batch. `after` says which one each
    node has when the phase is over.
    """

    name: str
    task: Task
    leg: Leg
    after: Mapping[str, Side]
    towards: Side | None = None
    batches: tuple[Batch, ...] = ()

    @property
    def side(self) -> Side | None:
        """The subject that all nodes have after it; None while they are mixed."""
        sides = set(self.after.values())
        return sides.pop() if len(sides) == 1 else None

    @property
    def about(self) -> Side:
        """Whose its findings are: the subject that nodes are given, or that all have; of mixed nodes the next one."""
        return self.towards or self.side or Side.TO


def phases(roll: Roll, extent: Extent = Extent.WHOLE) -> tuple[Phase, ...]:
    """All phases of an upgrade, in order. Without a mixed state to hold, the roll there is a single phase."""
    found = tuple(_there(roll, extent))
    return found if extent is Extent.QUICK else (*found, *_back_and_again(roll))


def _there(roll: Roll, extent: Extent) -> Iterator[Phase]:
    before, mixed, after = (_state(roll, done) for done in ((), roll.first, roll.batches))
    yield Phase("hold-from", Task.HOLD, Leg.START, before)
    yield Phase("conformance-from", Task.CONFORMANCE, Leg.START, before)
    if extent is Extent.WHOLE:
        yield Phase("faults-from", Task.FAULTS, Leg.START, before)
    yield Phase("roll-forward", Task.ROLL, Leg.THERE, mixed, Side.TO, roll.first)
    if roll.rest:
        yield Phase("mixed", Task.HOLD, Leg.THERE, mixed)
        yield Phase("conformance-mixed", Task.CONFORMANCE, Leg.THERE, mixed)
        yield Phase("roll-forward-rest", Task.ROLL, Leg.THERE, after, Side.TO, roll.rest)
    yield Phase("hold-to", Task.HOLD, Leg.THERE, after)
    yield Phase("conformance-to", Task.CONFORMANCE, Leg.THERE, after)
    if extent is Extent.WHOLE:
        yield Phase("faults-to", Task.FAULTS, Leg.THERE, after)


def _back_and_again(roll: Roll) -> Iterator[Phase]:
    before, after = _state(roll, ()), _state(roll, roll.batches)
    yield Phase("roll-back", Task.ROLL, Leg.BACK, before, Side.FROM, roll.batches)
    yield Phase("hold-back", Task.HOLD, Leg.BACK, before)
    yield Phase("conformance-back", Task.CONFORMANCE, Leg.BACK, before)
    yield Phase("roll-again", Task.ROLL, Leg.AGAIN, after, Side.TO, roll.batches)


def _state(roll: Roll, done: Sequence[Batch]) -> dict[str, Side]:
    """Which kube-proxy each node has once these batches are done."""
    there = {node for batch in done for node in batch}
    return {node: Side.TO if node in there else Side.FROM for batch in roll.batches for node in batch}


@dataclass(frozen=True)
class PhaseHistory(History):
    """The attempts and events of one phase, which took this `stretch` of the `whole`."""

    whole: History
    stretch: Stretch


def by_phase(history: History, planned: Sequence[Phase]) -> dict[str, PhaseHistory]:
    """The history of each phase that began and ended, by its name, by PHASE_STARTED and PHASE_ENDED.

    An attempt belongs to the phase in which it began; those between two phases to the one before, as traffic never
    stops. One that was under way when a roll began, and failed then, belongs to the roll. Raises Inconclusive if phases
    began in another order than planned, twice, or inside one another.
    """
    begun, ended = (phase_times(history.events, kind) for kind in (EventKind.PHASE_STARTED, EventKind.PHASE_ENDED))
    order = [name for name, _ in begun]
    if order != [phase.name for phase in planned][: len(order)]:
        raise Inconclusive(f"the history holds the phases {', '.join(order)}, which is not the order that was planned")
    ends = dict(ended)
    starts = [at_ns for _, at_ns in begun]
    for (name, _), (_, next_ns) in pairwise(begun):
        if name not in ends or ends[name] > next_ns:
            raise Inconclusive(f"the phase {name} was not over when the next one began")
    if any(ends[name] <= at_ns for name, at_ns in begun if name in ends):
        raise Inconclusive("a phase ended before it began")
    rolls = {phase.name for phase in planned if phase.task is Task.ROLL}
    attempts = history.attempts.with_columns(since=_since([at_ns for name, at_ns in begun if name in rolls]))
    return {
        name: _part(history, attempts, Stretch(start_ns, until_ns))
        for name, start_ns, until_ns in zip(order, starts, [*starts, _last(history) + 1][1:], strict=True)
        if name in ends
    }


def _since(rolls_ns: Sequence[int]) -> pl.Expr:
    """When an attempt counts as begun: a failed one that was under way when a roll began, with the roll."""
    since = pl.col("at_ns")
    for roll_ns in rolls_ns:
        hit = failed() & (pl.col("at_ns") < roll_ns) & (end_ns() > roll_ns)
        since = pl.when(hit).then(roll_ns).otherwise(since)
    return since


def _part(history: History, attempts: pl.DataFrame, stretch: Stretch) -> PhaseHistory:
    inside = (pl.col("since") >= stretch.start_ns) & (pl.col("since") < stretch.end_ns)
    events = history.between(stretch.start_ns, stretch.end_ns).events
    return PhaseHistory(attempts.filter(inside).drop("since"), events, history, stretch)


def phase_times(events: pl.DataFrame, kind: EventKind) -> list[tuple[str, int]]:
    """The names of phases with the moments, in ns and in order, of their PHASE_STARTED or PHASE_ENDED."""
    mine = events.filter(pl.col("kind") == str(kind)).sort("at_ns")
    return [(name, at_ns) for name, at_ns in mine.select("subject", "at_ns").iter_rows()]


def _last(history: History) -> int:
    times = [frame["at_ns"].max() for frame in (history.attempts, history.events)]
    return max((int(at_ns) for at_ns in times if isinstance(at_ns, int)), default=0)
