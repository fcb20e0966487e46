"""Whether an attempt may have been lost by the load of the machine that clients run on, and not by any kube-proxy.

Clients know when each of their attempts was due. How late they begin is measured without any Service: it tells of the
machine alone. What was lost then is not proved to be anybody's fault, and not proved to be nobody's either.
"""

from __future__ import annotations

from dataclasses import replace

from gauntlet.checkers.sample import NANO, end_ns, failed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, History, Outcome

# So long after the last deed, at least, nothing that is lost is put down to it.
FAR_S = 10.0
# What begins a deed, and what ends it: in between, nothing is far from it.
_DEEDS = {
    EventKind.PROXY_STOPPED: EventKind.PROXY_REPLACED,
    EventKind.COMMAND_STARTED: EventKind.COMMAND_ENDED,
    EventKind.NODE_GONE: EventKind.NODE_CAME,
    EventKind.NODE_NOT_READY: EventKind.NODE_READY,
}
REMEDY = "run it again while the machine has nothing else to do"


def checked(finding: Finding, attempts: pl.DataFrame, whole: History, *, hold_s: float, late_s: float) -> Finding:
    """A failure that rests on attempts each of which the machine's load may have cost is inconclusive.

    `attempts` are those that the finding is about. Each that failed has to be a time-out, alone for `hold_s` before and
    after among those of all flows, and far from any deed; and clients on its node began by `late_s` or more too late
    while it was under way. If that was not measured, or is not so of a single one, the failure stands.
    """
    if finding.verdict is not Verdict.FAIL:
        return finding
    lost = whole.attempts.filter(failed())
    latest: list[float] = []
    for row in attempts.filter(failed()).select("at_ns", "outcome", "client_node", end=end_ns()).iter_rows():
        late = _late_s(row, whole, lost, hold_s)
        # In an outage that is the first of thousands.
        if late is None or late < late_s:
            return finding
        latest.append(late)
    if not latest:
        return finding
    count = "an attempt" if len(latest) == 1 else f"{len(latest)} attempts, each alone,"
    why = (
        f"it rests on {count} without an answer in time, more than {FAR_S:g} s after anything was done; clients there "
        f"began up to {max(latest):.3f} s late then: whether the load of the machine cost it cannot be told"
    )
    return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=f"{finding.reason}; {why}", remedy=REMEDY)


def _late_s(row: tuple[int, str, str | None, int], whole: History, lost: pl.DataFrame, hold_s: float) -> float | None:
    """How late clients of its node began, at most, while this attempt was under way.

    None if it was not lost for want of an answer, not alone among all that were `lost`, or not far from a deed.
    """
    at_ns, outcome, node, until_ns = row
    hold_ns = int(hold_s * NANO)
    near = lost.filter((end_ns() >= at_ns - hold_ns) & (pl.col("at_ns") <= until_ns + hold_ns)).height
    if outcome != Outcome.TIMEOUT or near != 1 or not _far(whole.events, at_ns, until_ns):
        return None
    meanwhile = whole.attempts.filter(
        pl.col("client_node").eq_missing(node)
        & (pl.col("at_ns") >= at_ns)
        & (pl.col("at_ns") - pl.col("late_ns") <= until_ns)
    )["late_ns"].max()
    return meanwhile / NANO if isinstance(meanwhile, int) else 0.0


def _far(events: pl.DataFrame, at_ns: int, until_ns: int) -> bool:
    """Whether nothing was done for long before this stretch, nothing in it, and nothing was under way."""
    since_ns = at_ns - int(FAR_S * NANO)
    edges = [str(EventKind.PROXY_RESTARTED), *(str(kind) for pair in _DEEDS.items() for kind in pair)]
    before = events.filter(pl.col("kind").is_in(edges) & (pl.col("at_ns") <= until_ns)).sort("at_ns")
    if not before.filter(pl.col("at_ns") >= since_ns).is_empty():
        return False
    # What has yet to end, by the kind of that end.
    going: set[tuple[str, str | None]] = set()
    for kind, node in before.select("kind", "node").iter_rows():
        if kind in _DEEDS:
            going.add((_DEEDS[kind], node))
        else:
            going.discard((kind, node))
    return not going
