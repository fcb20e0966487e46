"""How far the words of a drawing reach, whatever font the reader's browser has for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

# Of a letter, in the size of the font. DejaVu Sans and Verdana, the widest that browsers fall back to, take up to that.
WIDEST_LETTER = 0.65
_TEXT = "{http://www.w3.org/2000/svg}text"
_MOVE = re.compile(r"translate\((-?[\d.e-]+)(?:[ ,]+(-?[\d.e-]+))?\)")
# Where the words begin, as a share of their length before the place that they stand at.
_BEFORE = {"start": 0.0, "middle": 0.5, "end": 1.0}


def reach(svg: str) -> tuple[float, float]:
    """The leftmost and the rightmost place of any word, in the units of the drawing."""
    ends = list(_ends(ElementTree.fromstring(svg), 0.0))  # noqa: S314  # it was drawn in this process
    return min((left for left, _ in ends), default=0.0), max((right for _, right in ends), default=0.0)


def _ends(element: ElementTree.Element, at: float) -> Iterator[tuple[float, float]]:
    transform = element.get("transform", "")
    if "rotate" in transform:
        return  # it reaches up and down
    moved = _MOVE.match(transform)
    at += float(moved[1]) if moved else 0.0
    if element.tag == _TEXT and element.text and element.get("opacity") != "0":
        width = len(element.text) * float(element.get("font-size", "11px").removesuffix("px")) * WIDEST_LETTER
        left = at - width * _BEFORE[element.get("text-anchor", "start")]
        yield left, left + width
    for inner in element:
        yield from _ends(inner, at)
