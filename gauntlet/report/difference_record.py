"""What results.json records of the differences between the subjects of a run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gauntlet.ground.finding import Verdict
from gauntlet.report.subject_record import Record


class StoodRecord(Record):
    """What some subjects have in common there: their verdict, or what the model expects at the first of the rows."""

    words: str
    subjects: tuple[str, ...] = Field(min_length=1)

    @property
    def line(self) -> str:
        return f"{', '.join(self.subjects)}: {self.words}"


class ReasonOfDifference(Record):
    """Why subjects may differ, who says so, and where that is declared, as file and line; of a skip, the word skip."""

    reason: str
    source: str
    place: str


class DifferenceRecord(Record):
    """One way in which subjects differ in one case. It passes if it is declared, and fails if it is not.

    `row` is the first of so many `rows` that differ in the same way, by the same rules of the model, which are
    `rules`, those that decide for some subjects alone; a difference of verdicts has none of these.
    """

    case: str = Field(min_length=1)
    kind: Literal["verdict", "rows"]
    verdict: Verdict
    stood: tuple[StoodRecord, ...] = Field(min_length=2)
    rows: int = 0
    row: str = ""
    rules: tuple[str, ...] = ()
    declared: tuple[ReasonOfDifference, ...] = ()


class AbsentRecord(Record):
    """A declared difference that did not show up, though subjects that it tells apart ran such cases.

    It fails if it was declared to show up always, and is only said otherwise.
    """

    case: str
    verdict: Verdict
    declared: ReasonOfDifference


class DifferencesRecord(Record):
    """In what the subjects of a run differ. `compared` cases ran for several of them and were decided.

    `uncompared` are the others that ran for one at least, each with the reason. `rows` were compared in all.
    """

    found: tuple[DifferenceRecord, ...] = ()
    absent: tuple[AbsentRecord, ...] = ()
    compared: int = 0
    rows: int = 0
    uncompared: dict[str, str] = Field(default_factory=dict)

    @property
    def cases(self) -> frozenset[str]:
        """In which subjects differ, each once however often."""
        return frozenset(each.case for each in self.found)

    @property
    def undeclared(self) -> tuple[DifferenceRecord, ...]:
        return tuple(each for each in self.found if each.verdict.blocks)

    @property
    def declared(self) -> tuple[DifferenceRecord, ...]:
        """All others: something says why."""
        return tuple(each for each in self.found if not each.verdict.blocks)

    @property
    def missed(self) -> tuple[AbsentRecord, ...]:
        """Those that were declared to show up always."""
        return tuple(each for each in self.absent if each.verdict.blocks)

    @property
    def fails(self) -> bool:
        return bool(self.undeclared or self.missed)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Of all of them."""
        return (*(each.verdict for each in self.found), *(each.verdict for each in self.absent))


def headline(differences: DifferencesRecord) -> str:
    """What is to be said first, in a sentence."""
    compared = (
        f"{_count(differences.compared, 'case')} and {_count(differences.rows, 'row')} of truth tables were compared"
    )
    if not differences.cases:
        return f"{compared}: no difference was seen."
    undeclared = {each.case for each in differences.undeclared}
    declared = "all of it as declared" if not undeclared else f"in {len(undeclared)} of them nothing declares it"
    return f"{compared}: the subjects differ in {_count(len(differences.cases), 'case')}, {declared}."


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
