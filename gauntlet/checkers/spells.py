"""Spell: a stretch of time in which a flow was hurt, seen through the attempts that began in it.

An attempt belongs to the moment it began: a TCP attempt that began in an outage fails only when its time
is up, after the outage is over. The true beginning of a spell lies between the begin of the last good
attempt before it and that of its first hurt one; its true end between its last hurt one and the first
good one after it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from gauntlet.checkers.sample import NANO, end_ns, hurt
from gauntlet.ground.frames import pl


@dataclass(frozen=True)
class Spell:
    """Begin times in ns. `before_ns`: last good attempt before; `after_ns`: first good one after; None: none.

    `takes_ns` is how long the last good attempt before took: what was under way when the spell began may be hurt too.
    """

    first_ns: int
    last_ns: int
    before_ns: int | None
    after_ns: int | None
    hurt: int
    takes_ns: int = 0

    @property
    def over(self) -> bool:
        return self.after_ns is not None

    @property
    def shortest_s(self) -> float:
        return (self.last_ns - self.first_ns) / NANO

    @property
    def longest_s(self) -> float:
        begin = self.first_ns if self.before_ns is None else self.before_ns
        end = self.last_ns if self.after_ns is None else self.after_ns
        return (end - begin) / NANO

    @property
    def length_s(self) -> float:
        """The middle between the shortest and the longest that it can have been."""
        return (self.shortest_s + self.longest_s) / 2

    @property
    def resolution_s(self) -> float:
        """How far the true length can be from `length_s`, to either side."""
        return (self.longest_s - self.shortest_s) / 2


def spells(
    attempts: pl.DataFrame,
    hold_s: float,
    slow_after_ms: float | None,
    since_ns: int | None = None,
    deeds_ns: Sequence[int] = (),
) -> list[Spell]:
    """The spells of one flow, in order. A spell ends with the first good attempt from which all are good for `hold_s`.

    `since_ns`: the moment before which nothing can have been hurt (the fault was not there yet). A hurt attempt
    that was under way at that moment is taken to begin then. `deeds_ns`, in order: when something new was done. If the
    flow was good again at one of these moments, what hurts it from then on is another spell, however soon.
    """
    split = attempts.select(pl.col("at_ns"), end_ns().alias("end_ns"), hurt(slow_after_ms).alias("hurt"))
    fine = split.filter(~pl.col("hurt")).sort("at_ns")
    good, good_ends = fine["at_ns"].to_list(), fine["end_ns"].to_list()
    hurts = split.filter(pl.col("hurt")).sort("at_ns")
    bad = hurts["at_ns"].clip(lower_bound=since_ns).to_list()
    ends = hurts["end_ns"].to_list()
    hold_ns = int(hold_s * NANO)
    found: list[Spell] = []
    start = 0
    for index in range(len(bad)):
        if index + 1 < len(bad):
            good_ns = _good_between(good, bad[index], bad[index + 1])
            held = good_ns is not None and good_ns + hold_ns < bad[index + 1]
            anew = good_ns is not None and any(good_ns < deed_ns < ends[index + 1] for deed_ns in deeds_ns)
            if not held and not anew:
                continue
        found.append(_spell(good, good_ends, bad[start : index + 1], since_ns))
        start = index + 1
    return found


def _good_between(good: list[int], bad_ns: int, next_bad_ns: int) -> int | None:
    """The first good attempt between two hurt ones."""
    first = bisect_right(good, bad_ns)
    return good[first] if first < len(good) and good[first] < next_bad_ns else None


def _spell(good: list[int], good_ends: list[int], bad: list[int], since_ns: int | None) -> Spell:
    before = bisect_left(good, bad[0]) - 1
    after = bisect_right(good, bad[-1])
    before_ns = good[before] if before >= 0 else None
    takes_ns = good_ends[before] - good[before] if before >= 0 else 0
    if since_ns is not None:
        before_ns = since_ns if before_ns is None else max(before_ns, since_ns)
    after_ns = good[after] if after < len(good) else None
    return Spell(bad[0], bad[-1], before_ns, after_ns, len(bad), takes_ns)
