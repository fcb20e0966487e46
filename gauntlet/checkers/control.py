"""Control: the time without a fault, against which a fault is judged."""

from __future__ import annotations

import dataclasses

from gauntlet.checkers.availability import availability
from gauntlet.checkers.joined import worst
from gauntlet.checkers.latency import latency
from gauntlet.checkers.sample import failed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.promises.promise import Slo

_ALL = pl.lit(value=True)


def served(check: str, attempts: pl.DataFrame, slo: Slo, free: pl.Expr) -> Finding:
    """Whether every flow was served well, and the `free` ones, which attempt often, as often as the Slo asks."""
    often = availability(attempts.filter(free), slo.control.availability, min_attempts=slo.control.min_attempts)
    others = attempts.filter(~free)
    seldom = [] if others.is_empty() else [availability(others, slo.control.availability)]
    return dataclasses.replace(worst(often, *seldom), check=check)


def control(attempts: pl.DataFrame, slo: Slo, free: pl.Expr = _ALL) -> Finding:
    """Whether every flow was served well, soon and often enough before anything was done to the cluster.

    Percentiles of latency are those of the `free` flows, which are judged by them afterwards.

    Never fails: a cluster that was already bad, or a machine that was already slow, says nothing about a fault. An
    attempt as slow as `slow_after_ms` would count as an outage afterwards, a p99 above its promise as latency.
    """
    found = served("control", attempts, slo, free)
    if found.verdict is Verdict.FAIL:
        return _bad(found, f"attempts failed before the fault: {found.reason}")
    if found.verdict is not Verdict.PASS:
        return found
    slowest_ms = float(attempts.filter(~failed()).select(pl.col("latency_ns").max()).item() or 0) / 1e6
    if slowest_ms >= slo.slow_after_ms:
        return _bad(
            found,
            f"an attempt took {slowest_ms:.0f} ms before the fault; {slo.slow_after_ms:g} ms count as an outage"
            " (is the machine loaded?)",
        )
    pace = latency(attempts.filter(free), slo.latency.p50_ms, slo.latency.p99_ms)
    if pace.verdict is Verdict.FAIL:
        return _bad(found, f"attempts were slow before the fault: {pace.reason} (is the machine loaded?)")
    return found


def _bad(found: Finding, reason: str) -> Finding:
    return dataclasses.replace(found, verdict=Verdict.INCONCLUSIVE, reason=reason)
