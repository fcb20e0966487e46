"""How soon a change of endpoints is in effect on the nodes: the latency of programming, and how it differs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

from gauntlet.checkers.sample import no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.following import Followed

CHECK = "programming"
# Of the interval in which the difference of two kube-proxies lies.
CONFIDENCE = 0.95
_MS = 1000


@dataclass(frozen=True)
class Programming:
    """The latencies of some changes, each on the node that was the slowest to follow it."""

    slowest: tuple[Followed, ...] = ()

    @property
    def resolution_s(self) -> float:
        return max((each.resolution_s for each in self.slowest), default=0.0)

    @property
    def latencies_s(self) -> list[float]:
        return [each.latency_s for each in self.slowest]


def slowest(changes: Sequence[Mapping[str, Followed]]) -> Programming:
    """Of each change, by node, the node that followed last."""
    return Programming(tuple(max(nodes.values(), key=lambda each: each.latest_s) for nodes in changes if nodes))


def measured(seen: Programming) -> Finding:
    """The distribution of the latencies. The figure is their median, in seconds; nothing is promised of it."""
    if not seen.slowest:
        return no_data(CHECK, "no change of endpoints was followed")
    return Finding(
        CHECK, Verdict.MEASURED, _distribution(seen), median(seen.latencies_s), "s", resolution=seen.resolution_s
    )


def compared(today: Programming, following: Programming, at_most_s: float | None) -> Finding:
    """Whether the next kube-proxy takes longer than today's, both within this run.

    The figure is how much longer, in seconds: the Hodges-Lehmann estimate, the median of all differences between a
    latency of the one and one of the other. It may be off by the interval of CONFIDENCE (of the Mann-Whitney test), and
    by the resolution of each latency. What may lie on either side is inconclusive. `at_most_s` None: nothing is
    promised.
    """
    if at_most_s is None or not following.slowest:
        return measured(following)
    if not _enough(len(today.slowest), len(following.slowest)):
        few = f"{len(today.slowest)} and {len(following.slowest)} changes of endpoints were followed"
        return no_data(CHECK, f"{few}, too few to compare how soon")
    middle_s = shift(today.latencies_s, following.latencies_s)[1]
    low_s = shift([each.latest_s for each in today.slowest], [each.earliest_s for each in following.slowest])[0]
    high_s = shift([each.earliest_s for each in today.slowest], [each.latest_s for each in following.slowest])[2]
    verdict = Verdict.FAIL if low_s > at_most_s else Verdict.PASS if high_s <= at_most_s else Verdict.INCONCLUSIVE
    reason = (
        f"{_distribution(following)}; today's: {_distribution(today)}: longer by {middle_s * _MS:.0f} ms"
        f" ({low_s * _MS:.0f} to {high_s * _MS:.0f} ms); promised: at most {at_most_s * _MS:.0f} ms"
    )
    return Finding(
        CHECK, verdict, reason, middle_s, "s", at_most_s, max(high_s - middle_s, middle_s - low_s), _lines(following)
    )


def shift(before: Sequence[float], after: Sequence[float]) -> tuple[float, float, float]:
    """By how much `after` is above `before`: the lower end of the interval, the estimate, the upper end."""
    differences = sorted(late - early for early in before for late in after)
    outside = _outside(len(before), len(after))
    return differences[outside - 1], median(differences), differences[-outside]


def _enough(before: int, after: int) -> bool:
    """Whether so many of each leave an interval at all."""
    return _outside(before, after) >= 1


def _outside(before: int, after: int) -> int:
    """How many of the smallest differences, and of the largest, lie up to an end of the interval or outside of it."""
    pairs = before * after
    deviation = math.sqrt(pairs * (before + after + 1) / 12)
    return math.floor(pairs / 2 - NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * deviation)


def _distribution(seen: Programming) -> str:
    ordered = sorted(seen.latencies_s)
    return (
        f"{len(ordered)} changes of endpoints were in effect on all nodes within {ordered[0] * _MS:.0f} to"
        f" {ordered[-1] * _MS:.0f} ms, half of them within {median(ordered) * _MS:.0f} ms"
        f" (+/- {seen.resolution_s * _MS:.0f} ms)"
    )


def _lines(seen: Programming) -> tuple[str, ...]:
    return tuple(f"{each.latency_s:.3f} s (+/- {each.resolution_s:.3f} s)" for each in seen.slowest)
