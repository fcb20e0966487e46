"""The timeline of one experiment in one mode: what each client got, moment by moment, and why.

From top to bottom: the judged windows and the events, the success rate of each client node (good
from below, failed from above), and the latency of the attempts that succeeded.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import altair as alt

from gauntlet.ground.frames import pl
from gauntlet.ground.history import History, Outcome
from gauntlet.report.binning import Axis, by_client, client_rows, latency_bins, success_steps
from gauntlet.report.marks import Mark, Window, axis_of, marks, windows
from gauntlet.report.palette import BAD, CALM, EVENT, FAINT, GOOD, HURT, TEXT, series
from gauntlet.report.svg import Panel, Values, drawn_from, inline

WIDTH_PX = 470
ROW_PX = 30
LANE_PX = 15
LATENCY_PX = 110

Align = Literal["left", "right"]

# An axis' own format rounds to the digits between its ticks: 10 would become 1e+1.
PLAIN = "format(datum.value, '.6~g')"


@dataclass(frozen=True)
class Client:
    """One row of a timeline: a client node, its colour, and how its attempts went."""

    name: str
    colour: str
    failed: int
    attempts: int


def timeline(history: History, title: str, axis: Axis | None = None) -> str:
    """Draw the timeline as SVG. `axis` may be wider than the history, to compare modes on one scale.

    Returns an empty string for a history without attempts.
    """
    axis = axis or span(history)
    if axis is None or history.attempts.is_empty():
        return ""
    attempts = by_client(history.attempts)
    clients = clients_of(attempts)
    judged = windows(history.events, axis)
    noted = marks(history.events, axis, WIDTH_PX)
    panels = [_head(judged, noted, axis)]
    for client in clients:
        mine = attempts.filter(pl.col("client_row") == client.name)
        panels.append(_success(mine, client, judged, noted, axis))
    panels.append(_latency(attempts, clients, judged, noted, axis))
    chart = alt.vconcat(*panels, spacing=5, bounds="flush").resolve_scale(x="independent", y="independent")
    return inline(chart, f"{title}: {_spoken(clients)}")


def span(history: History) -> Axis | None:
    """The stretch of time that a history covers; None for an empty one."""
    return axis_of(history.attempts["at_ns"].to_list(), history.events)


def clients_of(attempts: pl.DataFrame) -> list[Client]:
    """The rows of a timeline, from attempts that `by_client` has named."""
    failed = (pl.col("outcome") != str(Outcome.OK)).sum()
    counts = attempts.group_by("client_row").agg(failed.alias("failed"), pl.len().alias("attempts"))
    found = {name: (failed, total) for name, failed, total in counts.iter_rows()}
    return [Client(name, series(index).light, *found[name]) for index, name in enumerate(client_rows(attempts))]


def _spoken(clients: list[Client]) -> str:
    return ", ".join(
        f"{client.failed:,} of {client.attempts:,} attempts from {client.name} failed" for client in clients
    )


def on_axis(axis: Axis, shown: alt.Axis | None = None, field: str = "start_s") -> alt.X:
    """The horizontal position of a moment."""
    scale = alt.Scale(domain=[axis.start_s, axis.end_s], nice=False, zero=False)
    return alt.X(f"{field}:Q", scale=scale, axis=shown)


def _head(judged: list[Window], noted: list[Mark], axis: Axis) -> Panel:
    """The strip of windows, and below it a lane of labels for each that overlaps another."""
    lanes = 1 + max((mark.lane for mark in noted), default=-1)
    height = LANE_PX * (lanes + (1 if judged else 0)) + 3
    top = LANE_PX + 3 if judged else 3
    strip: Values = [
        {**asdict(window), "middle_s": (window.start_s + window.end_s) / 2, "top": 0, "bottom": LANE_PX}
        for window in judged
    ]
    labels: Values = [
        {"start_s": mark.at_s, "label": mark.label, "top": top + mark.lane * LANE_PX, "bottom": height}
        for mark in noted
    ]
    y = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    bands = drawn_from(strip)
    ink = alt.condition("datum.name === 'hurt'", alt.value(HURT.light), alt.value(CALM.light))
    layers = [
        bands.mark_rect(clip=True).encode(
            on_axis(axis), x2="end_s:Q", y=alt.Y("top:Q", scale=y, axis=None), y2="bottom:Q", color=ink
        ),
        bands.mark_text(fontSize=10, color=TEXT.light, baseline="middle").encode(
            on_axis(axis, field="middle_s"),
            y=alt.value(LANE_PX / 2),
            text="name:N",
        ),
        drawn_from(labels)
        .mark_rule(color=EVENT.light, strokeWidth=1)
        .encode(on_axis(axis), y=alt.Y("top:Q", scale=y, axis=None), y2="bottom:Q"),
    ]
    sides: tuple[tuple[bool, Align, int], ...] = ((False, "left", 4), (True, "right", -4))
    for leftward, align, shift in sides:
        side: Values = [label for label, mark in zip(labels, noted, strict=True) if mark.leftward is leftward]
        layers.append(
            drawn_from(side)
            .mark_text(align=align, dx=shift, dy=1, fontSize=11, baseline="top", color=EVENT.light)
            .encode(on_axis(axis), y=alt.Y("top:Q", scale=y, axis=None), text="label:N")
        )
    return alt.layer(*layers, width=WIDTH_PX, height=height, view=alt.ViewBackground(fill="transparent"))


def _ground(judged: list[Window], noted: list[Mark], axis: Axis, bottom: alt.Axis | None) -> list[alt.Chart]:
    """What every panel shares: the shade of the hurt window, and the line of each event."""
    shade: Values = [asdict(window) for window in judged if window.name == "hurt"]
    lines: Values = [{"start_s": mark.at_s} for mark in noted]
    return [
        drawn_from(shade).mark_rect(color=HURT.light, clip=True).encode(on_axis(axis, bottom), x2="end_s:Q"),
        drawn_from(lines).mark_rule(color=EVENT.light, strokeWidth=1).encode(on_axis(axis, bottom)),
    ]


def _success(attempts: pl.DataFrame, client: Client, judged: list[Window], noted: list[Mark], axis: Axis) -> Panel:
    corners: Values = []
    for step in success_steps(attempts, axis):
        for at_s in (max(step.start_s, axis.start_s), min(step.end_s, axis.end_s)):
            corners.append({"start_s": at_s, "rate": step.rate, "full": 1, "segment": step.segment})
    rate = alt.Y("rate:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None, stack=None)
    rows = drawn_from(corners)
    failed = f"{client.failed:,} failed" if client.failed else "none failed"
    note: Values = [{"name": client.name, "text": failed, "of": f"of {client.attempts:,}"}]
    label = drawn_from(note)
    shade, lines = _ground(judged, noted, axis, None)
    layers = [
        shade,
        rows.mark_area(color=GOOD.light).encode(on_axis(axis), y=rate, detail="segment:N"),
        rows.mark_area(color=BAD.light).encode(on_axis(axis), y=rate, y2="full:Q", detail="segment:N"),
        lines,
        beside(label, "name", "right", -7, ROW_PX / 2, client.colour),
        beside(label, "text", "left", WIDTH_PX + 7, ROW_PX / 2 - 6, BAD.light if client.failed else FAINT.light),
        beside(label, "of", "left", WIDTH_PX + 7, ROW_PX / 2 + 7, FAINT.light),
    ]
    return alt.layer(*layers, width=WIDTH_PX, height=ROW_PX)


def beside(label: alt.Chart, field: str, align: Align, x: float, y: float, colour: str) -> alt.Chart:
    """A word beside a panel."""
    text = label.mark_text(align=align, baseline="middle", color=colour, fontSize=11)
    beside: alt.Chart = text.encode(x=alt.value(x), y=alt.value(y), text=f"{field}:N")
    return beside


def _latency(
    attempts: pl.DataFrame, clients: list[Client], judged: list[Window], noted: list[Mark], axis: Axis
) -> Panel:
    points: Values = []
    for client in clients:
        mine = attempts.filter(pl.col("client_row") == client.name)
        for bin_ in latency_bins(mine, axis):
            at_s = min(max(bin_.at_s, axis.start_s), axis.end_s)
            for quantile, value in (("p50", bin_.p50_ms), ("p99", bin_.p99_ms)):
                series_name = f"{client.name} {quantile} {bin_.segment}"
                points.append(
                    {"start_s": at_s, "ms": max(value, 0.01), "q": quantile, "client": client.name, "line": series_name}
                )
    colours = alt.Scale(domain=[client.name for client in clients], range=[client.colour for client in clients])
    scale = alt.Scale(type="log", nice=False, padding=4)
    y = alt.Y("ms:Q", scale=scale, axis=alt.Axis(title="latency, ms", tickCount=4, labelExpr=PLAIN, titlePadding=8))
    bottom = alt.Axis(title=f"seconds since {axis.zero}", grid=False, labelExpr=PLAIN, tickCount=8)
    shade, lines = _ground(judged, noted, axis, bottom)
    curves = (
        drawn_from(points)
        .mark_line(strokeWidth=1.4, strokeJoin="round")
        .encode(
            on_axis(axis, bottom),
            y=y,
            color=alt.Color("client:N", scale=colours, legend=None),
            strokeDash=alt.StrokeDash(
                "q:N", scale=alt.Scale(domain=["p50", "p99"], range=[[1, 0], [3, 2]]), legend=None
            ),
            detail="line:N",
        )
    )
    return alt.layer(shade, lines, curves, width=WIDTH_PX, height=LATENCY_PX)
