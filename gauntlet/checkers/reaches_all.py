"""Reaches all: every backend gets some of the traffic."""

from __future__ import annotations

from gauntlet.checkers.sample import SIGNIFICANCE, counts, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl


def reaches_all(attempts: pl.DataFrame, backends: frozenset[str], *, significance: float = SIGNIFICANCE) -> Finding:
    """Every one of `backends` gave at least one ok reply. The figure is the share of the backends that did.

    A backend that was never met fails only where chance alone (each backend as likely as any other) would leave one
    out with a probability below `significance`; else there were too few attempts, which is inconclusive.
    """
    check = "reaches-all"
    met = attempts.filter(~failed())["backend"].drop_nulls()
    if not backends or met.is_empty():
        return no_data(check, f"no backend answered any of {attempts.height} attempts")
    missing = sorted(backends - set(met.unique().to_list()))
    figure = 1 - len(missing) / len(backends)
    details = (counts(met),)
    if not missing:
        reason = f"all of {len(backends)} backends answered"
        return Finding(check, Verdict.PASS, reason, figure, "share", 1.0, details=details)
    reason = f"never reached: {', '.join(missing)} ({met.len()} ok attempts, {len(backends)} backends)"
    if chance_of_a_miss(met.len(), len(backends)) < significance:
        return Finding(check, Verdict.FAIL, reason, figure, "share", 1.0, details=details)
    reason += "; so few attempts may miss one by chance"
    return Finding(check, Verdict.INCONCLUSIVE, reason, figure, "share", 1.0, details=details)


def chance_of_a_miss(attempts: int, backends: int) -> float:
    """Upper bound (Bonferroni) of the probability that fair chance never picks one of the backends."""
    return min(1.0, backends * (1 - 1 / backends) ** attempts)
