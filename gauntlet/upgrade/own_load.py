"""Whether an attempt may have been lost by the load of the machine that clients run on, and not by any kube-proxy.

Clients know when each of their attempts was due. How late they begin is measured without any Service: it tells of the
machine alone. What was lost then is not proved to be anybody's fault, and not proved to be nobody's either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Lost:
    """An attempt that had no answer in time, and how late clients of its node began meanwhile, at most."""

    at_ns: int
    end_ns: int
    late_s: float


def checked(finding: Finding, attempts: pl.DataFrame, whole: History, *, hold_s: float, late_s: float) -> Finding:
    """A failure that rests on attempts each of which the machine's load may have cost is inconclusive.

    `attempts` are those that the finding is about. Each that failed has to be a time-out, alone for `hold_s` before and
    after among those of all flows, and far from any deed; and clients on its node began by `late_s` or more too late
    while it was under way. If that was not measured, or is not so of a single one, the failure stands.
    """
    if finding.verdict is not Verdict.FAIL:
        return finding
    lost: list[Lost] = []
    for row in attempts.filter(failed()).select("at_ns", "outcome", "client_node", end=end_ns()).iter_rows():
        each = _lost(row, whole, hold_s)
        # In an outage that is the first of thousands.
        if each is None or each.late_s < late_s:
            return finding
        lost.append(each)
    if not lost:
        return finding
    late = max(each.late_s for each in lost)
    count = "an attempt" if len(lost) == 1 else f"{len(lost)} attempts, each alone,"
    why = (
        f"it rests on {count} without an answer in time, more than {FAR_S:g} s after anything was done; clients there "
        f"began up to {late:.3f} s late then: whether the load of the machine cost it cannot be told"
    )
    return replace(finding, verdict=Verdict.INCONCLUSIVE, reason=f"{finding.reason}; {why}", remedy=REMEDY)


def _lost(row: tuple[int, str, str | None, int], whole: History, hold_s: float) -> Lost | None:
    """None if the attempt was not lost alone, or not far from a deed."""
    at_ns, outcome, node, until_ns = row
    hold_ns = int(hold_s * NANO)
    near = whole.attempts.filter(
        failed() & (end_ns() >= at_ns - hold_ns) & (pl.col("at_ns") <= until_ns + hold_ns)
    ).height
    if outcome != Outcome.TIMEOUT or near != 1 or not _far(whole.events, at_ns, until_ns):
        return None
    meanwhile = whole.attempts.filter(
        pl.col("client_node").eq_missing(node)
        & (pl.col("at_ns") >= at_ns)
        & (pl.col("at_ns") - pl.col("late_ns") <= until_ns)
    )["late_ns"].max()
    return Lost(at_ns, until_ns, meanwhile / NANO if isinstance(meanwhile, int) else 0.0)


def _far(events: pl.DataFrame, at_ns: int, until_ns: int) -> bool:
    """Whether nothing was done for long before this stretch, nothing in it, and nothing was under way."""
    since_ns = at_ns - int(FAR_S * NANO)
    edges = [str(EventKind.PROXY_RESTARTED), *(str(kind) for pair in _DEEDS.items() for kind in pair)]
    before = events.filter(pl.col("kind").is_in(edges) & (pl.col("at_ns") <= until_ns)).sort("at_ns")
    if not before.filter(pl.col("at_ns") >= since_ns).is_empty():
        return False
    begins, ends = {str(kind) for kind in _DEEDS}, {str(end): str(begin) for begin, end in _DEEDS.items()}
    going: set[tuple[str, str | None]] = set()
    for kind, node in before.select("kind", "node").iter_rows():
        if kind in begins:
            going.add((kind, node))
        elif kind in ends:
            going.discard((ends[kind], node))
    return not going
