"""Figures as people read them, and the figures that compare one mode with another."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gauntlet.report.results import FindingRecord

# Units in which 1 is the whole, and what follows their figure in per cent.
SHARES = {"share": "%", "of the fair share": "% of the fair share"}
# The check by which a case that chooses what it tries says how much that was; `measured`.
EFFORT = "effort"


def shown(figure: float, unit: str) -> str:
    """A figure with its unit, to three or four digits; a share in per cent."""
    if unit in SHARES:
        percent = figure * 100
        # Not every attempt is "100 %" as long as one of them failed.
        digits = f"{percent:.4g}" if percent < 99.995 or percent >= 100 else "99.99"
        return f"{digits} {SHARES[unit]}"
    number = f"{figure:,.0f}" if abs(figure) >= 1000 or figure == int(figure) else f"{figure:.3g}"
    return f"{number} {unit}".rstrip()


def figure_of(finding: FindingRecord) -> str:
    """The finding's figure with its uncertainty; empty where it has none."""
    if finding.figure is None:
        return ""
    text = shown(finding.figure, finding.unit)
    if not finding.resolution:
        return text
    off_by = finding.resolution * 100 if finding.unit in SHARES else finding.resolution
    return f"{text} ± {off_by:.2g}"


def threshold_of(finding: FindingRecord) -> str:
    return "" if finding.threshold is None else shown(finding.threshold, finding.unit)


def measured(findings: Iterable[FindingRecord], word: str) -> FindingRecord | None:
    """The finding with the greatest figure in seconds whose check is about `word` (outage, recovery)."""
    about = [
        finding
        for finding in findings
        if finding.figure is not None and finding.unit == "s" and word in re.split(r"\W+|_", finding.check)
    ]
    return max(about, key=lambda finding: finding.figure or 0.0, default=None)
