"""Control: the time without a fault, against which a fault is judged."""

from __future__ import annotations

import dataclasses

from gauntlet.checkers.availability import availability
from gauntlet.checkers.latency import latency
from gauntlet.checkers.sample import failed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.promises.promise import Slo


def control(attempts: pl.DataFrame, slo: Slo) -> Finding:
    """Whether every flow was served well, soon and often enough before anything was done to the cluster.

    Never fails: a cluster that was already bad, or a machine that was already slow, says nothing about a fault. An
    attempt as slow as `slow_after_ms` would count as an outage afterwards, a p99 above its promise as latency.
    """
    found = availability(attempts, slo.control.availability, min_attempts=slo.control.min_attempts, check="control")
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
    pace = latency(attempts, slo.latency.p50_ms, slo.latency.p99_ms)
    if pace.verdict is Verdict.FAIL:
        return _bad(found, f"attempts were slow before the fault: {pace.reason} (is the machine loaded?)")
    return found


def _bad(found: Finding, reason: str) -> Finding:
    return dataclasses.replace(found, verdict=Verdict.INCONCLUSIVE, reason=reason)
