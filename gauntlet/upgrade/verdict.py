"""May this cluster take its next kube-proxy? The answer, with the reasons by name, worst first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gauntlet.ground.errors import ExitCode
from gauntlet.ground.finding import Finding, Verdict, split_check
from gauntlet.promises.accepted import Acceptance
from gauntlet.report.upgrade_record import with_accepted, with_known_defects
from gauntlet.upgrade.compare import Change, Course
from gauntlet.upgrade.phases import Leg, Phase, Side, Task


class Answer(StrEnum):
    """Like an inconclusive run, a gate that cannot tell fails: nobody has learnt that the cluster may."""

    MAY = "may"
    MAY_NOT = "may not"
    CANNOT_TELL = "cannot tell"

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.OK if self is Answer.MAY else ExitCode.FAILED


class Concern(StrEnum):
    """What a promise is about; the earlier ones weigh more."""

    WRONG_BACKEND = "wrong backend"
    WAY_BACK = "the way back"
    ROLL = "the roll itself"
    WORSE = "worse than today's"
    LEFT_BEHIND = "left behind"


@dataclass(frozen=True)
class Observation:
    """A finding of one phase, with what it is about. `case` and `subject` may be empty."""

    phase: str
    concern: Concern
    finding: Finding
    case: str = ""
    subject: str = ""

    @property
    def name(self) -> str:
        """What a reason is called: `the roll itself: outage in roll-forward`."""
        where = f" of {self.case}" if self.case else f" in {self.phase}"
        return f"{self.concern}: {self.finding.check}{where}"

    @property
    def weight(self) -> tuple[float, float]:
        """How many times more than what is promised, infinite if nothing is allowed at all; and how much that is.

        Of a share, which promises to be large, it is what lacks that counts.
        """
        figure, threshold = self.finding.figure, self.finding.threshold
        if figure is None or threshold is None:
            return 0.0, 0.0
        if self.finding.unit == "share":
            figure, threshold = 1 - figure, 1 - threshold
        return figure / threshold if threshold else math.inf, figure


@dataclass(frozen=True)
class Accepted:
    """A failure that is accepted, and by what."""

    observation: Observation
    by: Acceptance


@dataclass(frozen=True)
class Judgement:
    """The answer, and everything that a reader of it has to know.

    `reasons` are what stands against `may`, worst first; `expired` are acceptances that would have covered one of them
    until a day that is over, `idle` those that cover nothing that failed. `gains` and `by_design` are for reading
    alone. `known_defects` are the names of those that cases saw of the next kube-proxy, whether today's has them or
    not.
    """

    answer: Answer
    reasons: tuple[Observation, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    expired: tuple[Acceptance, ...] = ()
    idle: tuple[Acceptance, ...] = ()
    gains: tuple[Change, ...] = ()
    by_design: tuple[Change, ...] = ()
    known_defects: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The answer as it is shown: that a failure was accepted, or is known, is never left out."""
        return with_known_defects(with_accepted(str(self.answer), len(self.accepted)), len(self.known_defects))


def notes(found: Judgement) -> Iterator[str]:
    """What is to be said of acceptances that are over, or that covered nothing."""
    yield from (each.over_words() for each in found.expired)
    yield from (each.idle_words() for each in found.idle)


def concern_of(phase: Phase, check: str) -> Concern:
    """What a check of traffic, or of what is left after a phase, is about. Of cases, `compare` says what is worse.

    What only happens once all nodes have the next kube-proxy is that one's doing, not the roll's.
    """
    if split_check(check)[0] == "correctness":
        return Concern.WRONG_BACKEND
    if check == "residue":
        return Concern.LEFT_BEHIND
    if phase.leg is Leg.BACK:
        return Concern.WAY_BACK
    return Concern.WORSE if phase.task is not Task.ROLL and phase.side is Side.TO else Concern.ROLL


def judge(
    observations: Sequence[Observation],
    changes: Sequence[Change] = (),
    *,
    missing: Sequence[Phase] = (),
    acceptances: Sequence[Acceptance] = (),
    known_defects: Sequence[str] = (),
    subject: str = "",
    today: date,
) -> Judgement:
    """What the findings of all phases, and the changes from today's kube-proxy to the next, come to.

    `missing` are phases that were planned and did not end; `subject` is the name of the next one, whose changes these
    are. A failure is accepted until the end of the day that its acceptance names; what is inconclusive never is, for
    nobody knows what it would have been. Nothing observed at all is no permission.
    """
    changed = (_of_change(change, subject) for change in changes)
    seen = [*observations, *changed, *map(_of_missing, missing)]
    failed = [each for each in seen if each.finding.verdict is Verdict.FAIL]
    accepted, standing, expired = _sorted_out(failed, acceptances, today)
    open_questions = [each for each in seen if each.finding.verdict is Verdict.INCONCLUSIVE]
    if not any(each.finding.verdict in (Verdict.PASS, Verdict.FAIL) for each in seen) and not open_questions:
        open_questions = [_nothing_seen()]
    answer = Answer.MAY_NOT if standing else Answer.CANNOT_TELL if open_questions else Answer.MAY
    return Judgement(
        answer,
        (*_worst_first(standing), *_worst_first(open_questions)),
        tuple(accepted),
        tuple(expired),
        tuple(each for each in acceptances if not any(_covers(each, one) for one in failed)),
        tuple(each for each in changes if each.course is Course.BETTER),
        tuple(each for each in changes if each.course is Course.BY_DESIGN),
        tuple(known_defects),
    )


def _sorted_out(
    failed: Iterable[Observation], acceptances: Sequence[Acceptance], today: date
) -> tuple[list[Accepted], list[Observation], list[Acceptance]]:
    """What is accepted, what is not, and the acceptances that are over."""
    accepted: list[Accepted] = []
    standing: list[Observation] = []
    expired: list[Acceptance] = []
    for each in failed:
        mine = [one for one in acceptances if _covers(one, each)]
        holding = next((one for one in mine if one.holds(today)), None)
        if holding is not None:
            accepted.append(Accepted(each, holding))
        else:
            standing.append(each)
            expired += [one for one in mine if one not in expired]
    return accepted, standing, expired


def _covers(acceptance: Acceptance, observation: Observation) -> bool:
    return acceptance.covers(
        check=observation.finding.check,
        case=observation.case,
        phase=observation.phase,
        subject=observation.subject,
    )


def _worst_first(observations: Iterable[Observation]) -> list[Observation]:
    order = list(Concern)

    def rank(each: Observation) -> tuple[int, float, float, str]:
        times, figure = each.weight
        return order.index(each.concern), -times, -figure, each.name

    return sorted(observations, key=rank)


def finding_of(change: Change) -> Finding:
    """What got worse is a failure; what is unclear is not known; the rest stands against nothing."""
    verdict = {Course.WORSE: Verdict.FAIL, Course.UNCLEAR: Verdict.INCONCLUSIVE}.get(change.course, Verdict.MEASURED)
    return Finding(change.check or "case", verdict, change.text)


def _of_change(change: Change, subject: str) -> Observation:
    return Observation("comparison", Concern.WORSE, finding_of(change), change.case, subject)


def _of_missing(phase: Phase) -> Observation:
    finding = Finding("phase", Verdict.INCONCLUSIVE, f"the phase {phase.name} did not take place, or did not end")
    return Observation(phase.name, concern_of(phase, finding.check), finding)


def _nothing_seen() -> Observation:
    reason = "no phase left a finding that decides anything"
    return Observation("none", Concern.ROLL, Finding("findings", Verdict.INCONCLUSIVE, reason))
