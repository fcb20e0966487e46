"""Refusal: a Service without endpoints says no at once, rather than let a client hang."""

from __future__ import annotations

from gauntlet.checkers.sample import counts, describe, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome


def refusal(attempts: pl.DataFrame, within_ms: float, *, min_attempts: int = 1) -> Finding:
    """Every attempt was refused within `within_ms`. The figure is the slowest refusal, in ms.

    The rule: kube-proxy rejects what goes to a Service without endpoints (Kubernetes' own e2e test "should be rejected
    when no endpoints exist", test/e2e/network/service.go). The kernel limits the rejections to each address: six at
    once, then one a second (icmp_ratelimit); attempts that come faster time out although the rule is there.
    """
    check = "refusal"
    if attempts.height < min_attempts or attempts.is_empty():
        return no_data(check, f"{attempts.height} attempts, at least {max(1, min_attempts)} needed")
    other = attempts.filter(pl.col("outcome") != Outcome.REFUSED)
    slow = attempts.filter(pl.col("latency_ns").fill_null(0) > int(within_ms * 1_000_000))
    refused = attempts.filter(pl.col("outcome") == Outcome.REFUSED)
    slowest = refused["latency_ns"].fill_null(0).max()
    figure = float(slowest) / 1e6 if isinstance(slowest, int) else None
    reason = f"{counts(attempts['outcome'])}; promised: all refused within {within_ms:g} ms"
    if figure is not None:
        reason += f", the slowest refusal took {figure:.1f} ms"
    bad = pl.concat([other, slow]).unique(maintain_order=True)
    verdict = Verdict.PASS if bad.is_empty() else Verdict.FAIL
    return Finding(check, verdict, reason, figure, "ms", within_ms, details=describe(bad))
