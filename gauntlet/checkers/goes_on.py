"""Goes on: what a backend that is removed owes to the connections that it has."""

from __future__ import annotations

from gauntlet.checkers.sample import describe, end_ns, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, Outcome


def goes_on(attempts: pl.DataFrame, removed: str, since_ns: int, *, check: str = "goes-on") -> Finding:
    """On connections that were open before, `removed` answers after `since_ns`, when no new one meets it any more.

    The rule: a connection is translated as its first packet was (iptables(8), table nat), whatever becomes of the
    rules, and kube-proxy leaves those of TCP alone (pkg/proxy/conntrack/cleanup.go deletes entries of UDP only). The
    figure counts its answers since then. A connection that is cut off shows as a failed attempt, which fails as well.
    A backend that had no connection is inconclusive.
    """
    kept = attempts.filter(pl.col("connection") == Connection.KEPT)
    answers = kept.filter((pl.col("outcome") == Outcome.OK) & (pl.col("backend") == removed))
    before = answers.filter(end_ns() <= since_ns).height
    since = answers.filter(pl.col("at_ns") >= since_ns).height
    lost = kept.filter(failed())
    if not before:
        return no_data(check, f"{removed} had no open connection before it was removed")
    if kept.filter(pl.col("at_ns") >= since_ns).is_empty():
        return no_data(check, f"nothing was asked on open connections after {removed} was removed")
    reason = f"{removed} gave {before} answers before and {since} after it was removed; {lost.height} attempts failed"
    verdict = Verdict.PASS if since and lost.is_empty() else Verdict.FAIL
    return Finding(check, verdict, reason, float(since), "answers", 1.0, details=describe(lost, since_ns))
