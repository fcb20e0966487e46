"""The balance plot: what share of the answers each backend gave, by client node, beside the even share."""

from __future__ import annotations

import altair as alt

from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, Outcome
from gauntlet.report.binning import by_client, client_rows
from gauntlet.report.palette import BAR, EVENT, FAINT, TEXT
from gauntlet.report.svg import Panel, Values, drawn_from, inline

PANEL_PX = 108
BARS_PX = 68
BAR_PX = 17
COLUMNS = 4
BACKENDS = 24


def balance(attempts: pl.DataFrame, title: str) -> str:
    """Draw the shares as SVG. Only new connections that were answered count.

    Returns an empty string where fewer than two backends answered: there is nothing to balance.
    """
    answered = attempts.filter(
        (pl.col("outcome") == str(Outcome.OK))
        & (pl.col("connection") == str(Connection.NEW))
        & pl.col("backend").is_not_null()
    )
    backends: list[str] = sorted(answered["backend"].unique().to_list())
    if not 2 <= len(backends) <= BACKENDS:
        return ""
    named = by_client(answered)
    widest = 0.0
    shares: list[tuple[str, int, Values]] = []
    for client in client_rows(named):
        mine = named.filter(pl.col("client_row") == client)
        counted = dict(mine.group_by("backend").len().iter_rows())
        rows: Values = [
            {"backend": name, "share": counted.get(name, 0) / len(mine), "count": counted.get(name, 0)}
            for name in backends
        ]
        widest = max(widest, *(float(row["share"]) for row in rows))
        shares.append((client, len(mine), rows))
    even = 1 / len(backends)
    panels = [
        _panel(client, total, rows, even, widest, names=index % COLUMNS == 0)
        for index, (client, total, rows) in enumerate(shares)
    ]
    spoken = "; ".join(
        f"from {client} " + ", ".join(f"{row['share']:.0%}" for row in rows) for client, _, rows in shares
    )
    chart = alt.concat(*panels, columns=COLUMNS, spacing=18).resolve_scale(x="independent", y="independent")
    return inline(chart, f"{title}: share of {len(backends)} backends, even is {even:.1%}; {spoken}")


def _panel(client: str, total: int, rows: Values, even: float, widest: float, *, names: bool) -> Panel:
    data = drawn_from(rows)
    scale = alt.Scale(domain=[0, max(widest, even) * 1.05], range=[0, BARS_PX], nice=False)
    labelled = alt.Axis(labelColor=TEXT.light, title=None, labelLimit=150)
    y = alt.Y("backend:N", sort=None, axis=labelled if names else None)
    x = alt.X("share:Q", scale=scale, axis=None)
    bars = data.mark_bar(color=BAR.light, height=BAR_PX - 6).encode(x=x, y=y)
    figures = (
        data.transform_calculate(text="format(datum.share, '.1%')")
        .mark_text(align="right", fontSize=11, color=TEXT.light)
        .encode(x=alt.value(PANEL_PX), y=y, text="text:N")
    )
    line = drawn_from([{"share": even}]).mark_rule(color=EVENT.light, strokeDash=[3, 2], strokeWidth=1.2).encode(x=x)
    heading = alt.TitleParams(
        f"{client} · {total:,} answers", anchor="start", fontSize=11, fontWeight="normal", color=FAINT.light, offset=5
    )
    blank = alt.ViewBackground(fill="transparent")
    return alt.layer(bars, figures, line, title=heading, view=blank, width=PANEL_PX, height=BAR_PX * len(rows))
