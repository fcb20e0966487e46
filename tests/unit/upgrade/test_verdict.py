"""May, may not, cannot tell: with the reasons by name, the worst first, and what is accepted never silently."""

from __future__ import annotations

from datetime import date

import pytest

from gauntlet.ground.errors import ExitCode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises.accepted import Acceptance
from gauntlet.upgrade.compare import Change, Course
from gauntlet.upgrade.phases import phases
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.verdict import Answer, Concern, Observation, concern_of, judge

TODAY = date(2026, 11, 29)
PHASES = {phase.name: phase for phase in phases(Strategy.parse("node-by-node").roll(("a", "b")))}


def seen(
    verdict: Verdict = Verdict.PASS,
    check: str = "outage",
    *,
    figure: float | None = None,
    threshold: float | None = 0.0,
    unit: str = "s",
    concern: Concern = Concern.ROLL,
    phase: str = "roll-forward",
) -> Observation:
    return Observation(phase, concern, Finding(check, verdict, "seen", figure, unit, threshold))


def accept(until: date = TODAY, check: str = "outage", **named: str) -> Acceptance:
    return Acceptance(check=check, reason="known", until=until, **named)


GOOD = seen(check="availability")
OUTAGE = seen(Verdict.FAIL, figure=2.0)
OPEN = seen(Verdict.INCONCLUSIVE, "flows")


@pytest.mark.parametrize(
    ("observations", "answer", "code"),
    [
        ([GOOD], Answer.MAY, ExitCode.OK),
        ([GOOD, seen(Verdict.MEASURED, "ready")], Answer.MAY, ExitCode.OK),
        ([GOOD, OUTAGE], Answer.MAY_NOT, ExitCode.FAILED),
        ([GOOD, OPEN], Answer.CANNOT_TELL, ExitCode.FAILED),
        ([GOOD, OPEN, OUTAGE], Answer.MAY_NOT, ExitCode.FAILED),
        ([], Answer.CANNOT_TELL, ExitCode.FAILED),
        ([seen(Verdict.MEASURED)], Answer.CANNOT_TELL, ExitCode.FAILED),
    ],
)
def test_what_findings_come_to(observations: list[Observation], answer: Answer, code: ExitCode) -> None:
    found = judge(observations, today=TODAY)
    assert (found.answer, found.words, found.answer.exit_code) == (answer, str(answer), code)
    assert bool(found.reasons) == (answer is not Answer.MAY)


@pytest.mark.parametrize(
    ("course", "answer"),
    [
        (Course.WORSE, Answer.MAY_NOT),
        (Course.UNCLEAR, Answer.CANNOT_TELL),
        (Course.BETTER, Answer.MAY),
        (Course.BY_DESIGN, Answer.MAY),
    ],
)
def test_what_changes_come_to(course: Course, answer: Answer) -> None:
    change = Change(course, "case", "outage", "1 s, then 2 s")
    found = judge([GOOD], [change], today=TODAY)
    assert found.answer is answer
    assert found.gains == ((change,) if course is Course.BETTER else ())
    assert found.by_design == ((change,) if course is Course.BY_DESIGN else ())
    if found.reasons:
        assert found.reasons[0].name == "worse than today's: outage of case"


def test_changes_alone_are_no_permission() -> None:
    found = judge([], [Change(Course.BETTER, "case", "", "fail, then pass")], today=TODAY)
    assert found.answer is Answer.CANNOT_TELL


def test_a_phase_that_did_not_end_is_a_reason() -> None:
    found = judge([GOOD], missing=[PHASES["roll-back"]], today=TODAY)
    assert found.answer is Answer.CANNOT_TELL
    assert found.reasons[0].name == "the way back: phase in roll-back"


def test_reasons_come_by_name_the_worst_first() -> None:
    observations = [
        OPEN,
        seen(Verdict.FAIL, "residue", figure=3, concern=Concern.LEFT_BEHIND),
        seen(Verdict.FAIL, "ready", figure=61, threshold=60),
        seen(Verdict.FAIL, "outage: kept TCP", figure=0.5),
        seen(Verdict.FAIL, "outage: new TCP", figure=2.5),
        seen(Verdict.FAIL, "availability", figure=0.9, threshold=1.0, unit="share"),
        seen(Verdict.FAIL, "outage", figure=0.1, concern=Concern.WAY_BACK, phase="roll-back"),
        seen(Verdict.FAIL, "correctness", figure=1, concern=Concern.WRONG_BACKEND),
    ]
    found = judge(observations, [Change(Course.WORSE, "case", "", "pass, then fail")], today=TODAY)
    assert [reason.name for reason in found.reasons] == [
        "wrong backend: correctness in roll-forward",
        "the way back: outage in roll-back",
        "the roll itself: outage: new TCP in roll-forward",
        "the roll itself: outage: kept TCP in roll-forward",
        "the roll itself: availability in roll-forward",
        "the roll itself: ready in roll-forward",
        "worse than today's: case of case",
        "left behind: residue in roll-forward",
        "the roll itself: flows in roll-forward",
    ]


def test_of_a_share_what_lacks_counts() -> None:
    low, high = (seen(Verdict.FAIL, "availability", figure=share, threshold=0.9, unit="share") for share in (0.2, 0.8))
    assert low.weight > high.weight
    assert judge([high, low], today=TODAY).reasons == (low, high)


class TestAccepted:
    def test_it_is_never_left_out_of_the_words(self) -> None:
        found = judge([GOOD, OUTAGE], acceptances=[accept()], today=TODAY)
        assert (found.answer, found.answer.exit_code) == (Answer.MAY, ExitCode.OK)
        assert found.words == "may, with 1 accepted failure"
        assert [(each.observation, each.by) for each in found.accepted] == [(OUTAGE, accept())]

    def test_others_stand(self) -> None:
        found = judge([OUTAGE, seen(Verdict.FAIL, "ready", figure=61)], acceptances=[accept()], today=TODAY)
        assert found.words == "may not, with 1 accepted failure"
        assert [reason.finding.check for reason in found.reasons] == ["ready"]

    def test_not_after_its_last_day(self) -> None:
        over = accept(date(2026, 11, 28))
        found = judge([GOOD, OUTAGE], acceptances=[over], today=TODAY)
        assert (found.words, found.expired, found.accepted, found.idle) == ("may not", (over,), (), ())

    def test_not_what_is_inconclusive(self) -> None:
        open_outage = seen(Verdict.INCONCLUSIVE)
        found = judge([GOOD, open_outage], acceptances=[accept()], today=TODAY)
        assert (found.answer, found.accepted) == (Answer.CANNOT_TELL, ())

    def test_not_in_another_phase(self) -> None:
        found = judge([GOOD, OUTAGE], acceptances=[accept(phase="roll-back")], today=TODAY)
        assert found.answer is Answer.MAY_NOT

    def test_one_that_covers_nothing_is_named(self) -> None:
        idle = accept(check="ready")
        found = judge([GOOD, OUTAGE], acceptances=[accept(), idle], today=TODAY)
        assert found.idle == (idle,)

    def test_one_of_several_that_are_about_the_same_failure_is_not_idle(self) -> None:
        narrow, over = accept(phase="roll-forward"), accept(date(2026, 11, 28))
        found = judge([GOOD, OUTAGE], acceptances=[accept(), narrow, over], today=TODAY)
        assert found.words == "may, with 1 accepted failure"
        assert (found.idle, found.expired) == ((), ())

    def test_what_got_worse_can_be_accepted_by_its_case(self) -> None:
        change = Change(Course.WORSE, "suites/a.py::test_a", "", "pass, then fail")
        mine = accept(check="case", case="suites/a.py::test_a")
        assert judge([GOOD], [change], acceptances=[mine], today=TODAY).words == "may, with 1 accepted failure"


@pytest.mark.parametrize(
    ("phase", "check", "concern"),
    [
        ("roll-forward", "outage", Concern.ROLL),
        ("roll-again", "outage", Concern.ROLL),
        ("roll-back", "outage", Concern.WAY_BACK),
        ("roll-back", "correctness", Concern.WRONG_BACKEND),
        ("roll-back", "residue", Concern.LEFT_BEHIND),
    ],
)
def test_what_a_check_of_a_phase_is_about(phase: str, check: str, concern: Concern) -> None:
    assert concern_of(PHASES[phase], check) is concern


def test_the_answer_is_never_said_without_the_known_defects_of_the_next_one() -> None:
    well = Observation("roll-forward", Concern.ROLL, Finding("outage", Verdict.PASS, "none"))
    found = judge([well], known_defects=("135266: refused",), today=date(2026, 11, 29))
    assert (found.answer, found.words) == (Answer.MAY, "may, with 1 known defect")
