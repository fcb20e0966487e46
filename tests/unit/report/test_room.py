"""Labels of charts have room in the widest font that a browser may fall back to."""

from __future__ import annotations

import re

import pytest

from gauntlet.report import room
from gauntlet.report.timeline import timeline
from tests.unit.report.synthetic import Shape, history


@pytest.mark.parametrize(
    ("anchor", "reach"), [("start", (10.0, 75.0)), ("middle", (-22.5, 42.5)), ("end", (-55.0, 10.0))]
)
def test_words_reach_from_their_anchor(anchor: str, reach: tuple[float, float]) -> None:
    text = f'<text text-anchor="{anchor}" transform="translate(4,0)" font-size="10px">ten lette.</text>'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><g transform="translate(6, 3)">{text}</g></svg>'
    assert room.reach(drawing) == pytest.approx(reach)


def test_no_label_of_a_timeline_is_cut() -> None:
    drawn = timeline(history(Shape(outage_s=2)), "kill-proxy")
    opening = re.search(r'viewBox="([^"]*)"', drawn)
    assert opening is not None
    left, _, width, _ = map(float, opening[1].split())
    reached = room.reach(drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))
    assert left <= reached[0]
    assert reached[1] <= left + width
