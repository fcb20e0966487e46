"""What results.json records of an upgrade, beside its findings, whose cases are `upgrade::PHASE`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, Protocol, TypeVar

from pydantic import AwareDatetime, Field

from gauntlet.ground.finding import Verdict
from gauntlet.report.subject_record import Record

# Cases of an upgrade are its phases: `upgrade::roll-forward`.
CASES = "upgrade::"
# What is read in a minute; results.json and report.html have all.
MOST_REASONS = 8


def is_phase(case: str) -> bool:
    """Whether this case is a phase itself, not one of pytest's cases in a phase (`upgrade::faults-to::suites/...`)."""
    return case.startswith(CASES) and "::" not in case.removeprefix(CASES)


class PhaseRecord(Record):
    """One phase. `ended` is null if it did not come to its end. `after` says which subject each node had then."""

    name: str = Field(min_length=1)
    started: AwareDatetime
    ended: AwareDatetime | None
    after: dict[str, str]


class ReasonRecord(Record):
    """What stands against an upgrade: the worst finding of one check. `also_in` are other phases that have the same.

    `name` is what pages call it: `the roll itself: outage: new TCP in roll-forward`. `case` is empty for a check of
    the roll. The rest is of the finding.
    """

    name: str = Field(min_length=1)
    concern: str
    phase: str
    case: str = ""
    check: str
    verdict: Verdict
    reason: str
    promise: str = ""
    remedy: str = ""
    also_in: tuple[str, ...] = ()


class AcceptedRecord(Record):
    """A failure that is accepted: what it is called, why it is accepted, and the last day on which it is.

    `phase`, `case` and `check` say of what it is, as a reason's do; earlier runs did not record them.
    """

    name: str = Field(min_length=1)
    why: str
    until: date
    phase: str = ""
    case: str = ""
    check: str = ""

    @property
    def words(self) -> str:
        return f"accepted until {self.until}: {self.why}"


class ChangeRecord(Record):
    """What the next kube-proxy does better, or differently by design. `check` is empty if it is the whole case."""

    case: str = Field(min_length=1)
    check: str = ""
    text: str


class UpgradeRecord(Record):
    """An upgrade and its answer. `today` and `next` are names of subjects.

    `reach` says how far a `may` goes. `reasons` are what stands against it, worst first, each fact once; `accepted`
    failures that are accepted; `notes` what is to be said of acceptances that covered nothing, or not any more.
    `limits` are sentences on what the answer is not about, `not_run` the phases among it. An outage is over once all
    attempts were good for `hold_s`. `aftermath` says what became of a roll that stopped. `known_defects` are the names
    of those that cases saw of the next kube-proxy: what today's has not is among the reasons as well.
    """

    today: str = Field(min_length=1)
    next: str = Field(min_length=1)
    strategy: str
    nodes: int = Field(ge=1)
    phases: tuple[PhaseRecord, ...]
    not_run: tuple[str, ...] = ()
    hold_s: float = Field(gt=0)
    aftermath: str = ""
    answer: Literal["may", "may not", "cannot tell"]
    reach: str = ""
    reasons: tuple[ReasonRecord, ...] = ()
    accepted: tuple[AcceptedRecord, ...] = ()
    known_defects: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gains: tuple[ChangeRecord, ...] = ()
    by_design: tuple[ChangeRecord, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The answer as a verdict, whatever findings were accepted."""
        return verdict_of(self.answer)

    @property
    def words(self) -> str:
        """The answer, never without what was accepted for it and what is known of the next one."""
        return with_known_defects(with_accepted(self.answer, len(self.accepted)), len(self.known_defects))

    @property
    def whole_words(self) -> str:
        """The same with how far it reaches, as where nothing beside it says so."""
        return with_reach(self.words, self.reach)


class Concerning(Protocol):
    """A reason, of which this is to be known to choose it."""

    @property
    def concern(self) -> str: ...


_Reason = TypeVar("_Reason", bound=Concerning)


def chosen(reasons: Sequence[_Reason], most: int = MOST_REASONS) -> tuple[_Reason, ...]:
    """So many of them, in their order: the first of each concern, then the first of the others."""
    firsts = {each.concern: number for number, each in reversed(list(enumerate(reasons)))}
    by_worth = sorted(range(len(reasons)), key=lambda number: (number not in firsts.values(), number))
    return tuple(reasons[number] for number in sorted(by_worth[:most]))


def verdict_of(answer: str | None) -> Verdict:
    """An answer as a verdict. That there is none is inconclusive, too."""
    return {"may": Verdict.PASS, "may not": Verdict.FAIL}.get(answer or "", Verdict.INCONCLUSIVE)


def with_reach(words: str, reach: str) -> str:
    """An answer in words with how far it reaches, if it does not reach all the way."""
    return ", ".join(filter(None, (words, reach)))


def titled(name: str, verdict: Verdict, also_in: Sequence[str] = ()) -> str:
    """The name of a reason as it is shown, with whether it is a failure and the other phases that have the same."""
    also = f", also in {', '.join(also_in)}" if also_in else ""
    return f"{'' if verdict is Verdict.FAIL else 'unclear: '}{name}{also}"


def with_known_defects(answer: str, count: int) -> str:
    """An answer with the number of known defects that were seen: `pass, with 1 known defect`."""
    return f"{answer}, with {count} known {'defect' if count == 1 else 'defects'}" if count else answer


def with_accepted(answer: str, count: int) -> str:
    """An answer with the number of failures that were accepted for it: `may, with 1 accepted failure`."""
    return f"{answer}, with {count} accepted {'failure' if count == 1 else 'failures'}" if count else answer


def unbroken(accepted: int) -> str:
    """What is said of promises if no reason stands against an upgrade: a failure that was accepted broke one."""
    return "No promise was broken, except for what is accepted." if accepted else "No promise was broken."
