"""Occasion: what was being done to the cluster when something befell a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    EventKind.NODE_GONE,
    EventKind.NODE_NOT_READY,
    EventKind.COMMAND_STARTED,
)
NOTHING = "nothing had been done before"


def occasion(events: pl.DataFrame, since_ns: int, until_ns: int) -> str:
    """The deed that goes with what happened between two moments: the last one between them, else the last one before.

    It is a neighbour in time, not a proof of the cause: the words say how far it is off.
    """
    deeds = _deeds(events, until_ns)
    return NOTHING if deeds.is_empty() else _words(deeds.row(-1, named=True), since_ns)


def beginning(events: pl.DataFrame, since_ns: int, until_ns: int) -> str:
    """The deed that goes with what began at `since_ns`: the first one from then until `until_ns`, else the last before.

    An attempt that began just before a deed may fail by it.
    """
    deeds = _deeds(events, until_ns)
    within = deeds.filter(pl.col("at_ns") >= since_ns)
    near = within.head(1) if not within.is_empty() else deeds.tail(1)
    return NOTHING if near.is_empty() else _words(near.row(0, named=True), since_ns)


def _deeds(events: pl.DataFrame, until_ns: int) -> pl.DataFrame:
    mine = pl.col("kind").is_in([str(kind) for kind in _DEEDS]) & (pl.col("at_ns") <= until_ns)
    return events.filter(mine).sort("at_ns", maintain_order=True)


def _words(deed: Mapping[str, Any], since_ns: int) -> str:
    node = f" on {deed['node']}" if deed["node"] and deed["node"] != deed["subject"] else ""
    what = f"{deed['kind']} {deed['subject']}{node}"
    if deed["at_ns"] >= since_ns:
        return f"at {what}"
    return f"{(since_ns - deed['at_ns']) / NANO:.3f} s after {what}"
