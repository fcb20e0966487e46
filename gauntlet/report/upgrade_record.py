"""What results.json records of an upgrade, beside its findings, whose cases are `upgrade::PHASE`."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from gauntlet.ground.finding import Verdict
from gauntlet.report.subject_record import Record


class PhaseRecord(Record):
    """One phase. `ended` is null if it did not come to its end. `after` says which subject each node had then."""

    name: str = Field(min_length=1)
    started: AwareDatetime
    ended: AwareDatetime | None
    after: dict[str, str]


class UpgradeRecord(Record):
    """An upgrade and its answer. `today` and `next` are names of subjects.

    `reasons` are what stands against it, by name, worst first; `accepted` failures that are accepted. `not_run` names
    the phases that the answer is not about.
    """

    today: str = Field(min_length=1)
    next: str = Field(min_length=1)
    strategy: str
    nodes: int = Field(ge=1)
    phases: tuple[PhaseRecord, ...]
    not_run: tuple[str, ...] = ()
    answer: Literal["may", "may not", "cannot tell"]
    reasons: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The answer as a verdict, whatever findings were accepted."""
        return {"may": Verdict.PASS, "may not": Verdict.FAIL}.get(self.answer, Verdict.INCONCLUSIVE)

    @property
    def words(self) -> str:
        """The answer, never without what was accepted for it."""
        return with_accepted(self.answer, len(self.accepted))


def with_accepted(answer: str, count: int) -> str:
    """An answer with the number of failures that were accepted for it: `may, with 1 accepted failure`."""
    return f"{answer}, with {count} accepted {'failure' if count == 1 else 'failures'}" if count else answer
