"""The page of the differences between subjects: what a team that moves from one to another reads first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gauntlet.report import palette
from gauntlet.report.difference_record import DifferenceRecord, DifferencesRecord, ReasonOfDifference, headline
from gauntlet.report.differences import SKIP
from gauntlet.report.names import anchor, title
from gauntlet.report.page import environment
from gauntlet.report.results import Results

# Of the cases of one reason; all are in results.json.
MOST_CASES = 40


@dataclass(frozen=True)
class Shown:
    """One difference, ready to show."""

    title: str
    anchor: str
    case: str
    difference: DifferenceRecord


@dataclass(frozen=True)
class Group:
    """The differences that the same declarations explain; none of those that nothing declares."""

    reasons: tuple[ReasonOfDifference, ...]
    shown: tuple[Shown, ...]
    more: int

    @property
    def is_of_skips(self) -> bool:
        """Whether some subjects do not have at all what is asked there."""
        return any(each.place == SKIP for each in self.reasons)


def differences_page(results: Results, differences: DifferencesRecord, report: str) -> str:
    """The page, as HTML. `report` is the file of the page that it belongs to, beside it."""
    groups = grouped(differences.declared)
    return (
        environment()
        .get_template("differences.html.j2")
        .render(
            results=results,
            differences=differences,
            report=report,
            headline=headline(differences),
            undeclared=grouped(differences.undeclared),
            behave=[each for each in groups if not each.is_of_skips],
            lack=[each for each in groups if each.is_of_skips],
            uncompared=[(title(case), why) for case, why in differences.uncompared.items()],
            palette=palette,
        )
    )


def grouped(found: Iterable[DifferenceRecord]) -> Sequence[Group]:
    """By what declares them, in their order."""
    groups: dict[tuple[ReasonOfDifference, ...], list[Shown]] = {}
    for each in found:
        mine = groups.setdefault(each.declared, [])
        mine.append(Shown(title(each.case), anchor(each.case), each.case, each))
    return [
        Group(reasons, tuple(shown[:MOST_CASES]), max(0, len(shown) - MOST_CASES)) for reasons, shown in groups.items()
    ]
