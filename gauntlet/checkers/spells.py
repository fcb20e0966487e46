"""Spell: a stretch of time in which a flow was hurt, seen through the attempts that began in it.

An attempt belongs to the moment it began: a TCP attempt that began in an outage fails only when its time
is up, after the outage is over. The true beginning of a spell lies between the begin of the last good
attempt before it and that of its first hurt one; its true end between its last hurt one and the first
good one after it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from gauntlet.checkers.sample import NANO, hurt
from gauntlet.ground.frames import pl


@dataclass(frozen=True)
class Spell:
    """Begin times in ns. `before_ns`: last good attempt before; `after_ns`: first good one after; None: none."""

    first_ns: int
    last_ns: int
    before_ns: int | None
    after_ns: int | None
    hurt: int

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
    attempts: pl.DataFrame, hold_s: float, slow_after_ms: float | None, since_ns: int | None = None
) -> list[Spell]:
    """The spells of one flow, in order. A spell ends with the first good attempt from which all are good for `hold_s`.

    `since_ns`: the moment before which nothing can have been hurt (the fault was not there yet). A hurt attempt
    that was under way at that moment is taken to begin then.
    """
    split = attempts.select(pl.col("at_ns"), hurt(slow_after_ms).alias("hurt"))
    good = split.filter(~pl.col("hurt"))["at_ns"].sort().to_list()
    bad = split.filter(pl.col("hurt"))["at_ns"].clip(lower_bound=since_ns).sort().to_list()
    hold_ns = int(hold_s * NANO)
    found: list[Spell] = []
    start = 0
    for index in range(len(bad)):
        if index + 1 < len(bad) and not _held(good, bad[index], bad[index + 1], hold_ns):
            continue
        found.append(_spell(good, bad[start : index + 1], since_ns))
        start = index + 1
    return found


def _held(good: list[int], bad_ns: int, next_bad_ns: int, hold_ns: int) -> bool:
    first = bisect_right(good, bad_ns)
    return first < len(good) and good[first] + hold_ns < next_bad_ns


def _spell(good: list[int], bad: list[int], since_ns: int | None) -> Spell:
    before = bisect_left(good, bad[0]) - 1
    after = bisect_right(good, bad[-1])
    before_ns = good[before] if before >= 0 else None
    if since_ns is not None:
        before_ns = since_ns if before_ns is None else max(before_ns, since_ns)
    return Spell(bad[0], bad[-1], before_ns, good[after] if after < len(good) else None, len(bad))
