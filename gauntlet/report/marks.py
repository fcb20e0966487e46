"""Marks: the events of a history as they appear on a timeline, and where their labels find room."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind
from gauntlet.report.binning import Axis

LABELS = {
    EventKind.FAULT_INJECTED: "injected",
    EventKind.FAULT_LANDED: "landed",
    EventKind.FAULT_OVER: "over by itself",
    EventKind.FAULT_HEALED: "healed",
    EventKind.FAULT_HEAL_CONFIRMED: "heal confirmed",
    EventKind.REMEDY_APPLIED: "remedy",
    EventKind.ENDPOINT_CHANGED: "endpoint changed",
    EventKind.PROXY_RESTARTED: "proxy restarted",
}
LETTER_PX = 6.2


@dataclass(frozen=True)
class Window:
    """A stretch of time that a suite judged: control, hurt or after."""

    name: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Mark:
    """Events at (almost) one moment: what to write, in which lane, on which side of the line."""

    at_s: float
    label: str
    lane: int
    leftward: bool


def axis_of(at_ns: list[int], events: pl.DataFrame) -> Axis | None:
    """The time axis of a history, zero at the first injection (else at its beginning); None if it is empty."""
    moments = at_ns + events["at_ns"].to_list()
    if not moments:
        return None
    injected = events.filter(pl.col("kind") == str(EventKind.FAULT_INJECTED))["at_ns"].to_list()
    zero_ns = injected[0] if injected else min(moments)
    span = Axis(zero_ns, 0.0, 0.0)
    start_s, end_s = span.seconds(min(moments)), span.seconds(max(moments))
    zero = "the fault was injected" if injected else "the start"
    return Axis(zero_ns, start_s, max(end_s, start_s + 0.1), zero)


def windows(events: pl.DataFrame, axis: Axis) -> list[Window]:
    """The judged windows, oldest first; one that was never ended reaches to the end of the axis."""
    open_s: dict[str, float] = {}
    found: list[Window] = []
    for at_ns, kind, subject in events.select("at_ns", "kind", "subject").iter_rows():
        if kind == EventKind.WINDOW_STARTED:
            open_s.setdefault(subject, axis.seconds(at_ns))
        elif kind == EventKind.WINDOW_ENDED and subject in open_s:
            found.append(Window(subject, open_s.pop(subject), axis.seconds(at_ns)))
    found += [Window(name, start_s, axis.end_s) for name, start_s in open_s.items()]
    return sorted(found, key=lambda window: window.start_s)


def marks(events: pl.DataFrame, axis: Axis, width_px: float) -> list[Mark]:
    """Labels for the events that changed something, close ones joined, none on top of another."""
    px_per_s = width_px / (axis.end_s - axis.start_s)
    taken: list[list[tuple[float, float]]] = []
    placed: list[Mark] = []
    for at_s, label in _joined(events, axis, near_s=3 / px_per_s):
        at_px = (at_s - axis.start_s) * px_per_s
        length_px = len(label) * LETTER_PX + 8
        leftward = at_px + length_px > width_px
        extent = (at_px - length_px, at_px) if leftward else (at_px, at_px + length_px)
        lane = free_lane(taken, extent)
        placed.append(Mark(at_s, label, lane, leftward))
    return placed


def _joined(events: pl.DataFrame, axis: Axis, near_s: float) -> list[tuple[float, str]]:
    joined: list[tuple[float, list[str]]] = []
    for at_ns, kind in events.select("at_ns", "kind").iter_rows():
        label = LABELS.get(kind)
        if label is None:
            continue
        at_s = axis.seconds(at_ns)
        if joined and at_s - joined[-1][0] < near_s:
            if label not in joined[-1][1]:
                joined[-1][1].append(label)
        else:
            joined.append((at_s, [label]))
    return [(at_s, ", ".join(labels)) for at_s, labels in joined]


def free_lane(taken: list[list[tuple[float, float]]], extent: tuple[float, float]) -> int:
    """The first lane in which this extent overlaps no other, which it then takes."""
    for lane, extents in enumerate(taken):
        if all(extent[1] <= start or extent[0] >= end for start, end in extents):
            extents.append(extent)
            return lane
    taken.append([extent])
    return len(taken) - 1
