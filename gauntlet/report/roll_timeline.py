"""The timeline of an upgrade: its phases, the kube-proxy of each node, and what each kind of client got meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from gauntlet.ground.history import History
from gauntlet.report.binning import SECOND_NS, Axis, success_steps
from gauntlet.report.marks import LETTER_PX, free_lane
from gauntlet.report.palette import BAD, CALM, EVENT, FAINT, GOOD, TEXT, series
from gauntlet.report.roll_lines import Line, lines, stays, stops_ns
from gauntlet.report.svg import Panel, Values, drawn_from, inline
from gauntlet.report.timeline import PLAIN, beside, on_axis
from gauntlet.report.upgrade_record import UpgradeRecord

WIDTH_PX = 880
LANE_PX = 15
NODE_PX, NODES_WITH_NAMES = 15, 12
LINE_PX, OUTAGE_PX = 24, 4
BINS = 440
# An outage is shown at this width at least, however long the upgrade took.
LEAST_PX = 3


@dataclass(frozen=True)
class Bar:
    """A phase on the strip: whether kube-proxies were replaced in it, and the lane that its label found room in."""

    name: str
    start_s: float
    end_s: float
    rolls: bool
    lane: int


def roll_timeline(history: History, upgrade: UpgradeRecord) -> str:
    """Draw it as SVG; an empty string if nothing was attempted or no phase began."""
    if history.attempts.is_empty() or not upgrade.phases:
        return ""
    axis = _axis(history, upgrade)
    within = history.between(axis.zero_ns, axis.zero_ns + round(axis.end_s * SECOND_NS))
    found = lines(within, axis, upgrade.hold_s)
    stops = [axis.seconds(at_ns) for at_ns in stops_ns(within)]
    panels = [_phases(bars(within, upgrade, axis), axis), _nodes(within, upgrade, axis)]
    panels += [_line(line, stops, axis, last=line is found[-1]) for line in found]
    chart = alt.vconcat(*panels, spacing=4, bounds="flush").resolve_scale(x="independent", y="independent")
    return inline(chart, _spoken(upgrade, found))


def _axis(history: History, upgrade: UpgradeRecord) -> Axis:
    """From the begin of the first phase to the end of the last: before, clients are still being started."""
    zero_ns = round(upgrade.phases[0].started.timestamp() * SECOND_NS)
    ended = upgrade.phases[-1].ended
    last_ns = round(ended.timestamp() * SECOND_NS) if ended else int(history.attempts.tail(1)["at_ns"][0])
    return Axis(zero_ns, 0.0, max((last_ns - zero_ns) / SECOND_NS, 0.1), "the first phase began")


def bars(history: History, upgrade: UpgradeRecord, axis: Axis) -> tuple[Bar, ...]:
    """The phases that began, each with the first lane in which its name has room."""
    taken: list[list[tuple[float, float]]] = []
    px_per_s = WIDTH_PX / axis.end_s
    stops = [axis.seconds(at_ns) for at_ns in stops_ns(history)]
    found: list[Bar] = []
    for phase in upgrade.phases:
        start_s = axis.seconds(round(phase.started.timestamp() * SECOND_NS))
        end_s = axis.end_s if phase.ended is None else axis.seconds(round(phase.ended.timestamp() * SECOND_NS))
        # The name stands at the begin of the phase, or, if it would not end within the picture, before that.
        length_px = len(phase.name) * LETTER_PX + 8
        start_px = min(start_s * px_per_s, WIDTH_PX - length_px)
        lane = free_lane(taken, (start_px, start_px + length_px))
        rolls = any(start_s <= at_s <= end_s for at_s in stops)
        found.append(Bar(phase.name, start_s, end_s, rolls, lane))
    return tuple(found)


def _phases(found: Sequence[Bar], axis: Axis) -> Panel:
    """The strip: names above it, each at the begin of its phase."""
    height = LANE_PX * (1 + max(bar.lane for bar in found)) + 8
    y = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    rows: Values = [
        {
            "start_s": bar.start_s,
            "end_s": bar.end_s,
            "label": bar.name,
            "at_s": min(bar.start_s, axis.end_s - (len(bar.name) * LETTER_PX + 8) * axis.end_s / WIDTH_PX),
            "top": bar.lane * LANE_PX,
            "strip": height - 7,
            "bottom": height,
            "rolls": bar.rolls,
        }
        for bar in found
    ]
    drawn = drawn_from(rows)
    ink = alt.condition("datum.rolls", alt.value(series(1).light), alt.value(CALM.light))
    top = alt.Y("top:Q", scale=y, axis=None)
    layers = [
        drawn.mark_rect(clip=True, stroke=EVENT.light, strokeWidth=0.5).encode(
            on_axis(axis), x2="end_s:Q", y=alt.Y("strip:Q", scale=y, axis=None), y2="bottom:Q", color=ink
        ),
        drawn.mark_rule(color=FAINT.light, strokeWidth=0.7).encode(on_axis(axis), y=top, y2="bottom:Q"),
        drawn.mark_text(align="left", baseline="top", dx=3, dy=1, fontSize=11, color=TEXT.light).encode(
            on_axis(axis, field="at_s"), y=top, text="label:N"
        ),
    ]
    return alt.layer(*layers, width=WIDTH_PX, height=height, view=alt.ViewBackground(fill="transparent"))


def _nodes(history: History, upgrade: UpgradeRecord, axis: Axis) -> Panel:
    """A row for each node, coloured by its kube-proxy; without one it is empty."""
    nodes = list(upgrade.phases[0].after)
    named = len(nodes) <= NODES_WITH_NAMES
    step = NODE_PX if named else 4
    height = step * len(nodes)
    y = alt.Scale(domain=[0, height], range=[0, height], nice=False, zero=False)
    rows: Values = [
        {
            "start_s": stay.start_s,
            "end_s": stay.end_s,
            "subject": stay.subject,
            "top": nodes.index(stay.node) * step + 1,
            "bottom": (nodes.index(stay.node) + 1) * step - 1,
        }
        for stay in stays(history, nodes, upgrade.today, axis)
    ]
    colours = alt.Scale(domain=[upgrade.today, upgrade.next], range=[series(0).light, series(1).light])
    layers = [
        drawn_from(rows)
        .mark_rect(clip=True)
        .encode(
            on_axis(axis),
            x2="end_s:Q",
            y=alt.Y("top:Q", scale=y, axis=None),
            y2="bottom:Q",
            color=alt.Color("subject:N", scale=colours, legend=None),
        )
    ]
    for number, name in enumerate(nodes if named else [f"{len(nodes)} nodes"]):
        at = step * number + step / 2 if named else height / 2
        layers.append(beside(drawn_from([{"name": name}]), "name", "right", -7, at, TEXT.light))
    return alt.layer(*layers, width=WIDTH_PX, height=height, view=alt.ViewBackground(fill="transparent"))


def _line(line: Line, stops: Sequence[float], axis: Axis, *, last: bool) -> Panel:
    """The success rate, good from below and failed from above; beneath it, a bar for each outage."""
    corners: Values = []
    for step in success_steps(line.attempts, axis, BINS):
        for at_s in (max(step.start_s, axis.start_s), min(step.end_s, axis.end_s)):
            corners.append({"start_s": at_s, "rate": step.rate, "full": 1, "segment": step.segment})
    bottom = alt.Axis(title=f"seconds since {axis.zero}", grid=False, labelExpr=PLAIN, tickCount=12) if last else None
    # Below zero is the room of the outages.
    floor = -OUTAGE_PX / (LINE_PX - OUTAGE_PX)
    scale = alt.Scale(domain=[floor, 1], nice=False, zero=False)
    rate = alt.Y("rate:Q", scale=scale, axis=None, stack=None)
    rows = drawn_from(corners)
    least_s = LEAST_PX * (axis.end_s - axis.start_s) / WIDTH_PX
    hurts: Values = [
        {"start_s": each.start_s, "end_s": max(each.end_s, each.start_s + least_s), "top": 0, "bottom": floor}
        for each in line.hurts
    ]
    rules: Values = [{"start_s": at_s} for at_s in stops]
    longest = max((each.longest_s for each in line.hurts), default=0.0)
    failed = f"{line.failed:,} failed, longest {longest:.2f} s" if line.failed else "none failed"
    note = drawn_from([{"name": line.name, "text": failed, "of": f"of {line.attempts.height:,}"}])
    colour = BAD.light if line.failed else FAINT.light
    layers = [
        rows.mark_area(color=GOOD.light).encode(on_axis(axis, bottom), y=rate, detail="segment:N"),
        rows.mark_area(color=BAD.light).encode(on_axis(axis, bottom), y=rate, y2="full:Q", detail="segment:N"),
        drawn_from(rules).mark_rule(color=EVENT.light, strokeWidth=0.6).encode(on_axis(axis, bottom)),
        drawn_from(hurts)
        .mark_rect(color=BAD.light, clip=True)
        .encode(on_axis(axis, bottom), x2="end_s:Q", y=alt.Y("top:Q", scale=scale, axis=None), y2="bottom:Q"),
        beside(note, "name", "right", -7, LINE_PX / 2, TEXT.light),
        beside(note, "text", "left", WIDTH_PX + 7, LINE_PX / 2 - 5, colour),
        beside(note, "of", "left", WIDTH_PX + 7, LINE_PX / 2 + 7, FAINT.light),
    ]
    return alt.layer(*layers, width=WIDTH_PX, height=LINE_PX)


def _spoken(upgrade: UpgradeRecord, found: Sequence[Line]) -> str:
    hurt = [f"{line.failed:,} of {line.attempts.height:,} attempts {line.name} failed" for line in found if line.failed]
    return f"Timeline of the upgrade from {upgrade.today} to {upgrade.next}: {', '.join(hurt) or 'no attempt failed'}"
