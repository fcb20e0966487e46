"""In effect: how soon changes of a Service, of whatever kind, are what each of its clients meets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gauntlet.checkers.sample import by_flow, no_data
from gauntlet.ground.answering import Demand, answered_as
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.following import Followed
from gauntlet.ground.frames import pl

CHECK = "in-effect"


@dataclass(frozen=True)
class _Seen:
    """When a flow was first answered as a change demands; None if it was not before the next one."""

    flow: str
    demand: Demand
    when: Followed | None

    def is_late(self, limit_s: float) -> bool:
        """Whether it can not have been in time, by what the measurement can be off by."""
        return self.when is None or self.when.earliest_s > limit_s

    def may_be_late(self, limit_s: float) -> bool:
        return self.when is None or self.when.latest_s > limit_s

    @property
    def latest_s(self) -> float:
        return float("inf") if self.when is None else self.when.latest_s

    def __str__(self) -> str:
        when = "not before the next change" if self.when is None else f"after {self.when.latest_s:.3f} s at the latest"
        return f"{self.demand.words}: {self.flow}: {when}"


def in_effect(attempts: pl.DataFrame, demands: Sequence[Demand], within_s: float | None) -> Finding:
    """Each change is in effect for every flow within so many seconds. The figure is the longest that one took, in s.

    Each kind of change is made once, so that there are no percentiles to hold against a promise. None promises nothing.
    """
    seen = tuple(_seen(attempts, demands))
    if not seen:
        return no_data(CHECK)
    worst = {
        each.words: max((one for one in seen if one.demand is each), key=lambda one: one.latest_s) for each in demands
    }
    details = tuple(map(str, worst.values()))
    slowest = max(worst.values(), key=lambda each: each.latest_s)
    figure = None if slowest.when is None else slowest.when.latest_s
    resolution = None if slowest.when is None else slowest.when.latest_s - slowest.when.earliest_s
    late = [] if within_s is None else [each for each in seen if each.is_late(within_s)]
    promised = "nothing is promised" if within_s is None else f"promised: {within_s:g} s"
    if late:
        kinds = ", ".join(dict.fromkeys(each.demand.words for each in late))
        reason = f"late for {len(late)} of {len(seen)} flows and changes ({kinds}): {late[0]}; {promised}"
        lines = (*details, *(f"late: {each}" for each in late))
        return Finding(CHECK, Verdict.FAIL, reason, figure, "s", within_s, resolution, lines)
    verdict = Verdict.MEASURED if within_s is None else Verdict.PASS
    if within_s is not None and any(each.may_be_late(within_s) for each in seen):
        verdict = Verdict.INCONCLUSIVE
    reason = f"{len(demands)} changes of a Service; the slowest: {slowest}; {promised}"
    return Finding(CHECK, verdict, reason, figure, "s", within_s, resolution, details)


def served_throughout(attempts: pl.DataFrame, demands: Sequence[Demand]) -> pl.DataFrame:
    """The attempts after changes before and after which somebody has to answer there: of these none may be lost."""
    parts = [
        flow.filter((pl.col("at_ns") >= now.at_ns) & (pl.col("at_ns") < now.until_ns))
        for _, flow in by_flow(attempts)
        for before, now in pairwise(demands)
        if before.backends_at(flow["address"][0]) and now.backends_at(flow["address"][0])
    ]
    return pl.concat([attempts.clear(), *parts])


def _seen(attempts: pl.DataFrame, demands: Sequence[Demand]) -> Iterator[_Seen]:
    for name, flow in by_flow(attempts):
        for demand in demands:
            wanted = demand.backends_at(flow["address"][0])
            yield _Seen(name, demand, answered_as(flow, wanted, demand.at_ns, demand.until_ns))
