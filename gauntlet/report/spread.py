"""The plot of a spread: every figure as a dot, by node, with its median and its 99th percentile."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from gauntlet.report.figures import shown
from gauntlet.report.palette import BAR, EVENT, TEXT
from gauntlet.report.results import SpreadRecord
from gauntlet.report.svg import Values, drawn_from, inline

WIDTH_PX = 420
ROW_PX = 22


def spread(spreads: Sequence[SpreadRecord], unit: str, title: str) -> str:
    """Draw the figures as SVG, a row for each; an empty string if there are none."""
    if not spreads:
        return ""
    dots: Values = [{"of": each.of, "figure": figure} for each in spreads for figure in each.figures]
    ticks: Values = [{"of": each.of, "figure": figure} for each in spreads for figure in (each.p50, each.p99)]
    longest = max(each.longest for each in spreads)
    y = alt.Y("of:N", sort=None, axis=alt.Axis(labelColor=TEXT.light, title=None, labelLimit=150, grid=True))
    scale = alt.Scale(domain=[0, longest * 1.05], nice=False)
    x = alt.X("figure:Q", scale=scale, axis=alt.Axis(title=unit, tickCount=6, grid=False))
    figures = drawn_from(dots).mark_circle(color=BAR.light, size=36, opacity=0.55).encode(x=x, y=y)
    marks = drawn_from(ticks).mark_tick(color=EVENT.light, thickness=2, size=ROW_PX - 6).encode(x=x, y=y)
    spoken = "; ".join(
        f"{each.of} p50 {shown(each.p50, unit)}, p99 {shown(each.p99, unit)}, longest {shown(each.longest, unit)}"
        for each in spreads
    )
    layers = alt.layer(figures, marks, width=WIDTH_PX, height=ROW_PX * len(spreads))
    return inline(alt.vconcat(layers), f"{title}: {spoken}")
