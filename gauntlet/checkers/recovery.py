"""Recovery: how long after an event every flow is served again, and stays so."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from gauntlet.checkers.sample import NANO, by_flow, describe, hurt, no_data
from gauntlet.checkers.spells import spells
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, History


@dataclass(frozen=True)
class FlowRecovery:
    """What one flow shows after the event, all in seconds from it.

    `recovered_s`: start of the first window that is good for the hold time; None: there is none. `proven_s`: the
    recovery was not before (begin of the last hurt attempt). `gap_s`: largest gap between attempts up to the end of the
    good window, or of the history. `seen_s`: begin of the last attempt.
    """

    flow: str
    recovered_s: float | None
    proven_s: float
    gap_s: float
    seen_s: float


def flow_recoveries(
    attempts: pl.DataFrame, since_ns: int, *, hold_s: float, slow_after_ms: float | None = None
) -> list[FlowRecovery]:
    """The recovery of each flow that has attempts which began at `since_ns` or later.

    Attempts that began earlier belong to the time before the event, also where they ended after it.
    """
    later = attempts.filter(pl.col("at_ns") >= since_ns)
    return [_flow_recovery(name, flow, since_ns, hold_s, slow_after_ms) for name, flow in by_flow(later)]


def _flow_recovery(
    name: str, flow: pl.DataFrame, since_ns: int, hold_s: float, slow_after_ms: float | None
) -> FlowRecovery:
    hold_ns = int(hold_s * NANO)
    begins = flow["at_ns"].to_list()
    found = spells(flow, hold_s, slow_after_ms)
    start_ns: int | None = since_ns
    proven_ns = since_ns
    if found and found[0].first_ns <= since_ns + hold_ns:
        start_ns, proven_ns = found[0].after_ns, found[0].last_ns
    # A later spell shows by itself that the window before it was good; only the last window needs data to its end.
    later = [spell for spell in found if start_ns is not None and spell.first_ns > start_ns]
    if start_ns is not None and not later and begins[-1] < start_ns + hold_ns:
        start_ns = None
    end_ns = begins[-1] if start_ns is None else start_ns + hold_ns
    edges = [since_ns, *(begin for begin in begins if begin < end_ns), end_ns]
    gap_ns = max(after - before for before, after in itertools.pairwise(edges))
    recovered_s = None if start_ns is None else (start_ns - since_ns) / NANO
    return FlowRecovery(name, recovered_s, (proven_ns - since_ns) / NANO, gap_ns / NANO, (begins[-1] - since_ns) / NANO)


def recovery(
    history: History,
    since: EventKind,
    *,
    within_s: float,
    hold_s: float,
    resolution_s: float,
    slow_after_ms: float | None = None,
) -> Finding:
    """Seconds from the first event of this kind until the worst flow is good for `hold_s`; at most `within_s`.

    The resolution is the largest gap between attempts of a flow; coarser than `resolution_s`: inconclusive, unless
    hurt attempts prove the promise broken. No recovery at all fails, provided that the history reaches far enough for
    one to have shown (`within_s` after the event); else it is inconclusive.
    """
    check = "recovery"
    try:
        since_ns = history.at(since)
    except LookupError as error:
        return no_data(check, str(error))
    flows = flow_recoveries(history.attempts, since_ns, hold_s=hold_s, slow_after_ms=slow_after_ms)
    silent = _fell_silent(history.attempts, since_ns)
    if not flows:
        return no_data(check, f"no attempt began after {since}")
    if silent:
        return no_data(check, f"no attempt of {', '.join(silent)} began after {since}")
    judged = [(flow, *_judge(flow, since, within_s, hold_s, resolution_s)) for flow in flows]
    worst, verdict, reason = max(judged, key=lambda entry: (_RANK[entry[1]], _figure(entry[0])))
    later = history.attempts.filter((pl.col("at_ns") >= since_ns) & hurt(slow_after_ms)).sort("at_ns")
    return Finding(
        check,
        verdict,
        reason,
        _figure(worst),
        "s",
        within_s,
        max(flow.gap_s for flow in flows),
        (*(f"{flow.flow}: {_shown(flow)}" for flow in flows), *describe(later.tail(3), since_ns)),
    )


_RANK = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 1, Verdict.FAIL: 2}


def _fell_silent(attempts: pl.DataFrame, since_ns: int) -> list[str]:
    """Flows that attempted before the event, but not after it."""
    return [name for name, flow in by_flow(attempts) if flow.filter(pl.col("at_ns") >= since_ns).is_empty()]


def _figure(flow: FlowRecovery) -> float:
    return flow.seen_s if flow.recovered_s is None else flow.recovered_s


def _shown(flow: FlowRecovery) -> str:
    if flow.recovered_s is None:
        return f"not recovered in the {flow.seen_s:.3f} s seen (largest gap {flow.gap_s:.3f} s)"
    return f"recovered after {flow.recovered_s:.3f} s (largest gap {flow.gap_s:.3f} s)"


def _judge(
    flow: FlowRecovery, since: EventKind, within_s: float, hold_s: float, resolution_s: float
) -> tuple[Verdict, str]:
    promise = f"promised: within {within_s:g} s of {since}, for {hold_s:g} s"
    shown = f"{flow.flow}: {_shown(flow)}; {promise}"
    if flow.proven_s > within_s:
        return Verdict.FAIL, shown
    if flow.recovered_s is None and flow.seen_s < within_s + hold_s:
        return Verdict.INCONCLUSIVE, f"{shown}; the history ends too early to tell: record longer"
    if flow.gap_s > resolution_s:
        return (
            Verdict.INCONCLUSIVE,
            f"{shown}; a gap of {flow.gap_s:.3f} s is too coarse (at most {resolution_s:g} s): send more often",
        )
    if flow.recovered_s is None or flow.recovered_s > within_s:
        return Verdict.FAIL, shown
    return Verdict.PASS, shown
