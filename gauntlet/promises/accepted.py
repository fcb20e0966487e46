"""Accepted failures: what a team knows of and lives with until a day, for a reason. Read from `accepted.yaml`.

They never make a failure a pass: whoever reads a verdict reads them beside it (gauntlet/upgrade/verdict.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gauntlet.ground.finding import split_check
from gauntlet.promises.layers import checked, whole
from gauntlet.promises.promise import FromText
from gauntlet.promises.slo_files import SloFiles

_DAY = 'a day in quotes, the last on which it is accepted: "2027-01-31"'


class Acceptance(BaseModel):
    """One failure that is accepted: of one check, in one case or phase, or in all of them if neither is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    check: str = Field(
        min_length=1, description="name of a check, as reports have it: outage, outage: new TCP, connections-cut"
    )
    case: str = Field(
        default="", description="a case, as reports have it: suites/conformance/test_node_port.py::test_answers"
    )
    phase: str = Field(default="", description="name of a phase, as reports have it: roll-forward")
    subject: str = Field(default="", description="name of a subject: nftables@1.37")
    reason: str = Field(min_length=1, description="a sentence: why it is accepted")
    until: Annotated[date, FromText] = Field(description=_DAY)

    def covers(self, *, check: str, case: str, phase: str, subject: str) -> bool:
        """Whether it is about this failure, on whatever day.

        A check that is told by kind or Service (`outage: new TCP`) is meant by its name before the colon, too. A
        Service is named without its namespace, which another run gives another name.
        """
        base, about = split_check(check)
        checks = (check, base, f"{base}: {about.rpartition('/')[2]}")
        named = ((self.case, case), (self.phase, phase), (self.subject, subject))
        return self.check in checks and all(mine in ("", theirs) for mine, theirs in named)

    def idle_words(self) -> str:
        """What is said of it if no failure was like it: it may be misspelt, or not needed any more."""
        return f"accepted, but nothing like it failed: {self._what()}"

    def over_words(self) -> str:
        """What is said of it if a failure is like it, and its last day is over."""
        return f"accepted until {self.until}, and no longer: {self._what()}"

    def _what(self) -> str:
        named = (("case", self.case), ("phase", self.phase), ("subject", self.subject))
        narrower = "".join(f", {name} {value}" for name, value in named if value)
        return f"{self.check}{narrower} ({self.reason})"

    def holds(self, today: date) -> bool:
        return today <= self.until


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    accepted: Annotated[tuple[Acceptance, ...], FromText] = Field((), description="a list of accepted failures")


def read(files: Sequence[SloFiles]) -> tuple[Acceptance, ...]:
    """What these folders of promises accept, together. Raises SloError, with file and line, for the first mistake."""
    lists = (checked(_File, [whole(each.accepted)]).accepted for each in files if each.accepted is not None)
    return tuple(one for each in lists for one in each)
