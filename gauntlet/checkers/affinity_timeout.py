"""Affinity time-out: a client that stayed away for long enough is given a new choice."""

from __future__ import annotations

from gauntlet.checkers.sample import SIGNIFICANCE, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl

_PAIR = ("client", "service")


def affinity_timeout(
    before: pl.DataFrame, after: pl.DataFrame, backends: int, *, significance: float = SIGNIFICANCE
) -> Finding:
    """Some client got another backend of the same Service after its time-out than before. The figure counts them.

    Of n independent choices among k backends, none differs from the earlier one with a probability of (1/k)^n: only
    where that is below `significance` does "none" fail; else there were too few pairs of client and Service, which is
    inconclusive. The rule: `sessionAffinityConfig.clientIP.timeoutSeconds` in the Service API.
    """
    check = "affinity-timeout"
    both = _choices(before, "earlier").join(_choices(after, "later"), on=_PAIR)
    if both.is_empty() or backends < 2:
        return no_data(check, f"{both.height} pairs of client and Service chose twice among {backends} backends")
    changed = both.filter(pl.col("earlier") != pl.col("later")).height
    reason = f"{changed} of {both.height} pairs of client and Service met another of {backends} backends afterwards"
    details = tuple(
        f"{row['client']} -> {row['service']}: {row['earlier']}, then {row['later']}"
        for row in both.iter_rows(named=True)
    )
    chance = (1 / backends) ** both.height
    verdict = Verdict.PASS
    if changed == 0:
        verdict = Verdict.FAIL if chance < significance else Verdict.INCONCLUSIVE
    return Finding(check, verdict, reason, float(changed), "pairs", 1.0, details=details)


def _choices(attempts: pl.DataFrame, name: str) -> pl.DataFrame:
    good = attempts.filter(~failed() & pl.col("backend").is_not_null()).sort("at_ns")
    return good.group_by(_PAIR, maintain_order=True).agg(pl.col("backend").first().alias(name))
