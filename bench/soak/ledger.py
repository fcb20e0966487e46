"""The ledger of the soak: JSON Lines, one line for each run, appended when it has ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from gauntlet.ground.disk import LineFile
from gauntlet.ground.errors import UsageError
from gauntlet.ground.finding import Verdict
from gauntlet.report import case as cases
from gauntlet.report.case import Case
from gauntlet.report.results import Results

# Stands for the case of what went wrong with a run as a whole.
THE_RUN = "the run itself"


class Row(BaseModel):
    """One case of one subject: its verdict, how long it took, and, if it is an alarm, what it says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case: str
    subject: str
    verdict: Verdict
    seconds: float
    words: str = ""

    @property
    def is_alarm(self) -> bool:
        return self.verdict.blocks


class Run(BaseModel):
    """One run. `started` names it. `commit` ends in `+` if files differed from it.

    `cores` is how many the machine has, `busy` how many of them were at work on the average of the run, by whatever
    process; `loaded` whether all were kept busy beside it on purpose.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    started: AwareDatetime
    commit: str
    profile: str
    loaded: bool
    cores: int
    busy: float
    seconds: float
    rows: tuple[Row, ...]

    @property
    def alarms(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.is_alarm)


def rows(results: Results, seconds: Mapping[Case, float], code: int) -> tuple[Row, ...]:
    """The rows of a run that ended with this exit code. It has to explain itself: 0, or 1 and something not passed."""
    found = [
        Row(
            case=each.case,
            subject=each.subject,
            verdict=each.verdict,
            seconds=round(seconds.get(Case(each.case, each.subject), 0.0), 2),
            words="; ".join(f"{one.check}: {one.reason}" for one in each.findings if one.verdict.blocks),
        )
        for each in results.cases()
    ]
    is_explained = code == 0 or (code == 1 and any(row.is_alarm for row in found))
    if results.incomplete or not is_explained or not found:
        words = results.incomplete or f"it ended with {code}, and no case says why"
        found.append(Row(case=THE_RUN, subject="", verdict=Verdict.INCONCLUSIVE, seconds=0.0, words=words))
    return tuple(found)


def seconds_of(junit: Iterable[tuple[str, str, float]], subjects: Iterable[str]) -> dict[Case, float]:
    """How long each case took, by (classname, name, time) as pytest writes test cases into its JUnit file."""
    names = tuple(subjects)
    found: dict[Case, float] = {}
    for classname, name, took_s in junit:
        case = cases.of_node_id(f"{classname.replace('.', '/')}.py::{name}", names)
        if case is not None:
            found[case] = found.get(case, 0.0) + took_s
    return found


def append(path: Path, run: Run) -> None:
    """Add a run. Its line is there whole, or OSError is raised."""
    LineFile(path).append(run.model_dump_json(exclude_defaults=True) + "\n")


def load(path: Path) -> tuple[Run, ...]:
    """All runs, in their order; none if there is no such file. Raises UsageError, with the line, for what is no run."""
    if not path.exists():
        return ()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(Run.model_validate_json(line))
        except ValidationError as error:
            raise UsageError(f"{path}:{number} is not a run of the soak: {error}", "mend or delete the line") from error
    return tuple(found)
