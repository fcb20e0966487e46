"""Occasion: what was being done to the cluster when something befell a client."""

from __future__ import annotations

from gauntlet.checkers.sample import NANO
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind

# What can cost a client something. Windows and phases go on for long: they explain nothing by themselves.
_DEEDS = (
    EventKind.FAULT_INJECTED,
    EventKind.FAULT_HEALED,
    EventKind.REMEDY_APPLIED,
    EventKind.ENDPOINT_CHANGED,
    EventKind.PROXY_RESTARTED,
    EventKind.PROXY_STOPPED,
    EventKind.PROXY_REPLACED,
)
NOTHING = "nothing had been done before"


def occasion(events: pl.DataFrame, since_ns: int, until_ns: int) -> str:
    """The deed that goes with what happened between two moments: the last one between them, else the last one before.

    It is a neighbour in time, not a proof of the cause: the words say how far it is off.
    """
    deeds = events.filter(pl.col("kind").is_in([str(kind) for kind in _DEEDS]) & (pl.col("at_ns") <= until_ns))
    if deeds.is_empty():
        return NOTHING
    deed = deeds.sort("at_ns").row(-1, named=True)
    node = f" on {deed['node']}" if deed["node"] and deed["node"] != deed["subject"] else ""
    what = f"{deed['kind']} {deed['subject']}{node}"
    if deed["at_ns"] >= since_ns:
        return f"at {what}"
    return f"{(since_ns - deed['at_ns']) / NANO:.3f} s after {what}"
