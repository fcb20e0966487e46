"""The table of an upgrade: for each phase its longest outage by kind of connection, and what was counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gauntlet.ground.finding import Verdict, split_check
from gauntlet.report.results import FindingRecord, Results, worst
from gauntlet.report.upgrade_record import CASES, UpgradeRecord

ABSENT = "-"


@dataclass(frozen=True)
class Column:
    """One figure of a phase: how it is headed, in two lines, and which check it is of. An outage is in seconds."""

    above: str
    beneath: str
    check: str

    @property
    def is_outage(self) -> bool:
        return split_check(self.check)[0] == "outage"

    def shown(self, figure: float | None) -> str:
        if self.is_outage:
            return outage_text(figure)
        return ABSENT if figure is None else f"{figure:.0f}"


def outage_text(seconds: float | None) -> str:
    """An outage as a table shows it; none at all is `0`."""
    if seconds is None:
        return ABSENT
    return f"{seconds:.2f}" if seconds else "0"


COLUMNS = (
    Column("new", "TCP", "outage: new TCP"),
    Column("kept", "TCP", "outage: kept TCP"),
    Column("new", "UDP", "outage: new UDP"),
    Column("kept", "UDP", "outage: kept UDP"),
    Column("TCP", "cut", "connections-cut"),
    Column("UDP", "lost", "udp-flows-lost"),
    Column("UDP", "moved", "udp-flows-moved"),
    Column("sticky", "broken", "affinity-broken"),
    Column("left", "over", "residue"),
)


class Figured(Protocol):
    """What is needed of a finding."""

    @property
    def check(self) -> str: ...
    @property
    def figure(self) -> float | None: ...


F = TypeVar("F", bound=Figured)


def of_check(findings: Iterable[F], check: str) -> F | None:
    """The first finding of this check, or of it about one Service (`affinity-broken: upgrade/sticky`)."""
    return next((each for each in findings if check in (each.check, split_check(each.check)[0])), None)


def figure_of_check(findings: Iterable[Figured], check: str) -> float | None:
    """The figure of that finding; None if there is no such finding, or it has none."""
    found = of_check(findings, check)
    return None if found is None else found.figure


@dataclass(frozen=True)
class Cell:
    """A figure as it is shown, and whether it is as promised; None if there is none."""

    text: str
    verdict: Verdict | None


@dataclass(frozen=True)
class PhaseRow:
    """One phase. `took` says so if it did not come to its end."""

    name: str
    took: str
    verdict: Verdict
    cells: tuple[Cell, ...]


def phase_rows(results: Results, upgrade: UpgradeRecord) -> tuple[PhaseRow, ...]:
    """A row for each phase that began, in order."""
    return tuple(
        PhaseRow(
            phase.name,
            "not over" if phase.ended is None else f"{(phase.ended - phase.started).total_seconds():.0f} s",
            worst(each.verdict for each in found),
            tuple(_cell(found, column) for column in COLUMNS),
        )
        for phase in upgrade.phases
        for found in [[each for each in results.findings if each.case == f"{CASES}{phase.name}"]]
    )


def _cell(findings: Sequence[FindingRecord], column: Column) -> Cell:
    found = of_check(findings, column.check)
    return Cell(ABSENT, None) if found is None else Cell(column.shown(found.figure), found.verdict)
