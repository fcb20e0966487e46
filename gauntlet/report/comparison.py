"""The subjects side by side: how long each experiment cost for each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gauntlet.ground.finding import Verdict
from gauntlet.report.figures import figure_of, measured, shown
from gauntlet.report.names import anchor, title
from gauntlet.report.results import CaseResult, FindingRecord, Results
from gauntlet.report.upgrade_record import CASES


@dataclass(frozen=True)
class Figure:
    """One figure with the verdict of its own check: other checks of its case may have gone otherwise."""

    verdict: Verdict
    text: str


@dataclass(frozen=True)
class Cost:
    """What one experiment cost for one subject. `ran` tells a case without the figure from one that did not run.

    `bar` is the outage as a share (0 to 1) of the longest in the run.
    """

    ran: bool
    outage: Figure | None = None
    recovery: Figure | None = None
    bar: float = 0.0


@dataclass(frozen=True)
class Row:
    """One experiment. `difference` compares the second of two subjects with the first, if both have a figure."""

    title: str
    anchor: str
    costs: tuple[Cost, ...]
    difference: str


def side_by_side(
    results: Results, has_figures: Callable[[Sequence[FindingRecord]], bool]
) -> dict[str, dict[str, CaseResult]]:
    """The cases that have figures of some kind for any subject: what each came to for each subject that it ran for.

    Phases of an upgrade, and their cases, are each of one subject: what got worse there is among its reasons.
    """
    return {
        case: found
        for case, found in results.by_case().items()
        if not case.startswith(CASES) and any(has_figures(each.findings) for each in found.values())
    }


def comparison(results: Results) -> tuple[Row, ...]:
    """One row for each case that measured an outage or a recovery for any subject."""
    by_case = side_by_side(results, lambda found: bool(measured(found, "outage") or measured(found, "recovery")))
    outages = [measured(result.findings, "outage") for of_case in by_case.values() for result in of_case.values()]
    longest = max((outage.figure or 0.0 for outage in outages if outage), default=0.0)
    return tuple(_row(case, found, results.names, longest) for case, found in by_case.items())


def _row(case: str, found: dict[str, CaseResult], subjects: tuple[str, ...], longest: float) -> Row:
    costs = tuple(_cost(found.get(subject), longest) for subject in subjects)
    return Row(title(case), anchor(case), costs, _difference(found, subjects))


def _cost(result: CaseResult | None, longest: float) -> Cost:
    if result is None:
        return Cost(ran=False)
    outage, recovery = measured(result.findings, "outage"), measured(result.findings, "recovery")
    bar = (outage.figure or 0.0) / longest if outage and longest else 0.0
    return Cost(ran=True, outage=_figure(outage), recovery=_figure(recovery), bar=bar)


def _figure(finding: FindingRecord | None) -> Figure | None:
    return Figure(finding.verdict, figure_of(finding)) if finding else None


def _difference(found: dict[str, CaseResult], subjects: tuple[str, ...]) -> str:
    if len(subjects) != 2 or subjects[0] not in found or subjects[-1] not in found:
        return ""
    first, last = (measured(found[subject].findings, "outage") for subject in subjects)
    if first is None or last is None or first.figure is None or last.figure is None:
        return ""
    difference_s = last.figure - first.figure
    if abs(difference_s) <= (first.resolution or 0.0) + (last.resolution or 0.0):
        return "same"
    return f"{shown(abs(difference_s), 's')} {'longer' if difference_s > 0 else 'shorter'}"
