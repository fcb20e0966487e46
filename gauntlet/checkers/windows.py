"""Windows: the history of an experiment, cut into before, while and after the fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.checkers.sample import end_ns, failed
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, History

CONTROL, HURT, AFTER = "control", "hurt", "after"
WINDOWS = (CONTROL, HURT, AFTER)


@dataclass(frozen=True)
class Windows:
    """Attempts by the time at which they began. `spans` has the begin and the end of each window, in ns.

    `strike_ns` is the first moment at which the fault may have acted: an attempt that was under way then belongs to
    `hurt`, not to `control`. `struck` is everything from then on, with the attempts under way that failed.
    """

    strike_ns: int
    spans: Mapping[str, tuple[int, int]]
    control: pl.DataFrame
    hurt: pl.DataFrame
    struck: pl.DataFrame
    after: pl.DataFrame


def cut(history: History) -> Windows:
    """Cut by WINDOW_STARTED / WINDOW_ENDED of `control`, `hurt` and `after`, and by the first event of the fault.

    Raises Inconclusive if one of these events is missing, or a window ends before it starts.
    """
    strike_ns = _strike(history)
    begin, end = pl.col("at_ns"), end_ns()
    under_way = (begin < strike_ns) & (end > strike_ns)
    control_start, control_end = _window(history.events, CONTROL)
    hurt_start, hurt_end = _window(history.events, HURT)
    after_start, after_end = _window(history.events, AFTER)
    spans = {
        CONTROL: (control_start, min(control_end, strike_ns)),
        HURT: (max(hurt_start, strike_ns), hurt_end),
        AFTER: (max(after_start, strike_ns), after_end),
    }
    in_hurt = (begin >= max(hurt_start, strike_ns)) & (begin < hurt_end)
    seen = history.attempts
    return Windows(
        strike_ns,
        spans,
        seen.filter((begin >= control_start) & (begin < control_end) & (end <= strike_ns)),
        seen.filter(in_hurt | under_way),
        seen.filter((begin >= strike_ns) | (under_way & failed())),
        seen.filter((begin >= max(after_start, strike_ns)) & (begin < after_end)),
    )


def _strike(history: History) -> int:
    kinds = (str(EventKind.FAULT_INTENDED), str(EventKind.FAULT_INJECTED))
    found = history.events.filter(pl.col("kind").is_in(kinds))["at_ns"].min()
    if not isinstance(found, int):
        raise Inconclusive("the history holds no fault: neither fault_intended nor fault_injected")
    return found


def _window(events: pl.DataFrame, name: str) -> tuple[int, int]:
    mine = events.filter(pl.col("subject") == name)
    start = mine.filter(pl.col("kind") == EventKind.WINDOW_STARTED)["at_ns"].min()
    end = mine.filter(pl.col("kind") == EventKind.WINDOW_ENDED)["at_ns"].max()
    if not isinstance(start, int) or not isinstance(end, int):
        raise Inconclusive(f"the history holds no whole window {name!r}")
    if end <= start:
        raise Inconclusive(f"the window {name!r} ends before it starts")
    return start, end
