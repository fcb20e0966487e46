"""Charts as SVG that can stand inside a page: no script, no font, no address outside the page."""

from __future__ import annotations

import itertools
import math
import re
from html import escape

import altair as alt
import vl_convert

from gauntlet.ground.frames import pl
from gauntlet.report import room
from gauntlet.report.palette import BED, FAINT, GRID, TEXT

FONT = "Inter, system-ui, sans-serif"
_serial = itertools.count(1)

Chart = alt.VConcatChart | alt.ConcatChart
Panel = alt.LayerChart | alt.FacetChart
Values = list[dict[str, str | int | float | bool]]


def drawn_from(values: Values) -> alt.Chart:
    """A chart of these rows, which become part of it as they are."""
    return alt.Chart(pl.DataFrame(values))


def inline(chart: Chart, label: str) -> str:
    """Render a chart; `label` is what a screen reader says in its place.

    Identifiers inside the drawing are made unique, since all charts of a page share one document.
    """
    svg = vl_convert.vegalite_to_svg(_themed(chart).to_dict(validate=False))
    opening = re.match(r"<svg[^>]*?viewBox=\"([^\"]*)\"[^>]*>", svg)
    if opening is None:
        raise ValueError("vl-convert returned no SVG with a viewBox")
    body = svg[opening.end() : svg.rindex("</svg>")]
    unique = f"c{next(_serial)}-"
    body = re.sub(r'id="([^"]+)"', rf'id="{unique}\1"', body)
    body = re.sub(r"url\(#([^)]+)\)", rf"url(#{unique}\1)", body)
    body = re.sub(r' (?:aria-[a-z]+|pointer-events|font-family|class|role)="[^"]*"', "", body)
    body = re.sub(r' (?:d|transform|[xy][12]?)="[^"]*"', _coarser, body)
    left, top, width, height = map(float, opening.group(1).split())
    # The drawing was measured with a font of this machine; a browser may have a wider one, and would cut the labels.
    leftmost, rightmost = room.reach(svg)
    right = max(left + width, math.ceil(rightmost))
    left = min(left, math.floor(leftmost))
    return (
        f'<svg class="chart" role="img" aria-label="{escape(label)}" '
        f'viewBox="{left:g} {top:g} {right - left:g} {height:g}" style="max-width:{right - left:.0f}px">{body}</svg>'
    )


def _coarser(attribute: re.Match[str]) -> str:
    """Coordinates to a hundredth of a pixel: what is beyond it nobody sees, and a page holds millions of digits."""
    return re.sub(r"(\.\d\d)\d+", r"\1", attribute.group())


def _themed(chart: Chart) -> Chart:
    themed: Chart = chart.configure(
        aria=False,
        background="transparent",
        font=FONT,
        padding=2,
        axis=alt.AxisConfig(
            labelColor=FAINT.light,
            titleColor=FAINT.light,
            titleFontWeight="normal",
            titleFontSize=11,
            labelFontSize=11,
            gridColor=GRID.light,
            domain=False,
            ticks=False,
            labelPadding=5,
        ),
        view=alt.ViewConfig(stroke=None, fill=BED.light),
        text=alt.MarkConfig(color=TEXT.light),
        concat=alt.CompositionConfig(spacing=5),
    )
    return themed
