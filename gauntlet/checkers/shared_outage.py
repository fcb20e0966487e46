"""An outage that several flows saw: they attempt at different moments, so that together they know its length better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gauntlet.checkers.outage import Outage
from gauntlet.checkers.sample import NANO
from gauntlet.ground.frames import pl


@dataclass(frozen=True)
class Edge:
    """When an outage began, or ended: between these two moments, as so many flows saw it."""

    from_ns: int
    to_ns: int
    flows: int


@dataclass(frozen=True)
class Shared:
    """An outage as it was seen by `flows` flows, at its begin and its end at least."""

    length_s: float
    resolution_s: float
    flows: int


def shared(outages: Sequence[Outage], attempts: pl.DataFrame) -> Shared | None:
    """What is known of the first of these outages by those that overlap it; None if no others agree with it.

    `attempts` are all that their clients made, to whatever.

    An edge is where most flows can have it (Marzullo's algorithm, by which NTP chooses among clocks). It has to be
    more than half of them, and the first one among them: flows that were hurt for another time are another outage.
    An attempt that is under way when the outage begins is hurt by it, too, if its connection is cut: so it may have
    begun later than that attempt did, by as long as one takes, and by as much as its client was behind meanwhile.
    """
    worst = outages[0].spell
    mine = [each for each in outages if each.spell.first_ns <= worst.last_ns and each.spell.last_ns >= worst.first_ns]
    # The first is its own.
    begins = [_begin(each, attempts) for each in mine]
    ends = [(each.spell.last_ns, each.spell.after_ns) for each in mine if each.spell.after_ns is not None]
    if begins[0] is None or worst.after_ns is None:
        return None
    begin = _agreed([each for each in begins if each is not None], begins[0], len(mine))
    end = _agreed(ends, (worst.last_ns, worst.after_ns), len(mine))
    if begin is None or end is None:
        return None
    # If attempts take longer than it lasted, it may have begun, for all they know, after it was over.
    shortest_ns, longest_ns = max(0, end.from_ns - begin.to_ns), end.to_ns - begin.from_ns
    return Shared(
        (shortest_ns + longest_ns) / 2 / NANO, (longest_ns - shortest_ns) / 2 / NANO, min(begin.flows, end.flows)
    )


def _begin(outage: Outage, attempts: pl.DataFrame) -> tuple[int, int] | None:
    """Between which moments it began; None if the flow had no good attempt before.

    A client that is behind begins what is due late, and as late it sends the rest of what it has begun.
    """
    spell = outage.spell
    if spell.before_ns is None:
        return None
    next_ns = 2 * spell.first_ns - spell.before_ns
    meanwhile = attempts.filter(
        (pl.col("client") == outage.client)
        & (pl.col("at_ns") >= spell.first_ns)
        & (pl.col("at_ns") - pl.col("late_ns") < next_ns)
    )["late_ns"].max()
    late_ns = meanwhile if isinstance(meanwhile, int) else 0
    return spell.before_ns, spell.first_ns + spell.takes_ns + late_ns


def _agreed(intervals: Sequence[tuple[int, int]], worst: tuple[int, int], flows: int) -> Edge | None:
    """The part of `worst` that lies in the most intervals; None if these are not most of the flows, or only one."""
    moments = sorted([(start, -1) for start, _ in intervals] + [(end, 1) for _, end in intervals])
    best: Edge | None = None
    open_now = 0
    for (at_ns, kind), (next_ns, _) in pairwise(moments):
        open_now -= kind
        inside = worst[0] <= at_ns and next_ns <= worst[1]
        if inside and (best is None or open_now > best.flows):
            best = Edge(at_ns, next_ns, open_now)
    return best if best is not None and best.flows > max(1, flows / 2) else None
