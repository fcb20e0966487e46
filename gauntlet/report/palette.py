"""The colours of the page and of its charts, for light and dark screens.

Charts are drawn in the light colours; the page's style sheet exchanges each for its dark twin by
an attribute selector, so one drawing serves screen, night and paper without any script. Series
colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ink:
    """One colour: its name in the style sheet, and its value by screen."""

    name: str
    light: str
    dark: str


TEXT = Ink("chart-text", "#3b4450", "#c3ccd6")
FAINT = Ink("chart-faint", "#6a7480", "#929eab")
GRID = Ink("chart-grid", "#e3e7ec", "#2c343d")
BED = Ink("chart-bed", "#f0f2f5", "#1d242c")
GOOD = Ink("chart-good", "#a9d5bb", "#2f6b4d")
BAD = Ink("chart-bad", "#c9302c", "#f4655f")
EVENT = Ink("chart-event", "#20272f", "#eef2f6")
HURT = Ink("chart-hurt", "#fbe3dd", "#43241f")
CALM = Ink("chart-calm", "#e2eaf3", "#223040")
BAR = Ink("chart-bar", "#7f9cc0", "#5478a5")

SERIES = (
    Ink("series-0", "#0072b2", "#56a9e0"),
    Ink("series-1", "#d55e00", "#f08a3c"),
    Ink("series-2", "#00805c", "#2fbf92"),
    Ink("series-3", "#a8478a", "#dc8fc2"),
    Ink("series-4", "#8a6d00", "#e0bf4a"),
    Ink("series-5", "#5b5fc7", "#9a9df2"),
)

INKS = (TEXT, FAINT, GRID, BED, GOOD, BAD, EVENT, HURT, CALM, BAR, *SERIES)


def series(index: int) -> Ink:
    """The colour of the n-th client of a page; colours repeat after the sixth."""
    return SERIES[index % len(SERIES)]
