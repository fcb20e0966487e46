"""From made-up watches to answers: only what was seen, and kept its promise, passes."""

from __future__ import annotations

import pytest

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.ground import history
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, History
from gauntlet.upgrade.verdict import Answer
from gauntlet.upgrade.watch.course import CHANGE
from gauntlet.upgrade.watch.judging import blind_spots
from gauntlet.upgrade.watch.stream import Parting
from tests.unit.checkers.histories import frame, ns
from tests.unit.upgrade.watch.watches import OTHER, PHASES, answer, rows


def test_a_change_that_nobody_notices_may_be_made() -> None:
    assert answer(rows()).judgement.answer is Answer.MAY


def test_an_outage_in_the_change_is_a_reason_against_it() -> None:
    found = answer(rows(bad=[(10, 11.5)])).judgement
    assert found.answer is Answer.MAY_NOT
    outage = next(each for each in found.reasons if each.finding.check == "outage: new TCP")
    assert outage.finding.figure == pytest.approx(1.5, abs=0.06)
    assert outage.phase == CHANGE.name


def test_what_fails_before_the_change_says_nothing_of_it() -> None:
    assert answer(rows(bad=[(2, 3)])).judgement.answer is Answer.CANNOT_TELL


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_a_command_that_fails_or_was_broken_off_is_never_a_may(verdict: Verdict) -> None:
    found = answer(rows(), Finding("command", verdict, "it ended with 3")).judgement
    assert found.answer is (Answer.MAY_NOT if verdict is Verdict.FAIL else Answer.CANNOT_TELL)
    assert found.answer.exit_code == 1


def test_a_watch_whose_change_did_not_end_cannot_tell() -> None:
    assert answer(rows(), events=PHASES[:3]).judgement.answer is Answer.CANNOT_TELL


def test_a_client_whose_node_went_is_an_event_and_its_attempts_before_count() -> None:
    gone = Event(EventKind.NODE_GONE, "node-2", "node-2", at_ns=ns(21))
    there = {OTHER: Stretch(ns(0), ns(20))}
    sound = [*rows(), *rows(end_s=20, client=OTHER)]
    assert answer(sound, events=[*PHASES, gone], present=there).judgement.answer is Answer.MAY
    hurt = [*rows(), *rows(end_s=20, client=OTHER, bad=[(8, 9)])]
    assert answer(hurt, events=[*PHASES, gone], present=there).judgement.answer is Answer.MAY_NOT


def test_a_client_that_falls_silent_while_it_is_there_cannot_be_told() -> None:
    seen = [*rows(), *rows(end_s=20, client=OTHER)]
    assert answer(seen, present={OTHER: Stretch(ns(0), ns(31))}).judgement.answer is Answer.CANNOT_TELL


def test_a_node_that_comes_in_the_change_has_no_part_in_what_was_before() -> None:
    came = [*rows(), *rows(start_s=12, client=OTHER)]
    assert answer(came, present={OTHER: Stretch(ns(12), ns(31))}).judgement.answer is Answer.MAY
    lost = [*rows(), *rows(start_s=12, client=OTHER, bad=[(20, 21)])]
    assert answer(lost, present={OTHER: Stretch(ns(12), ns(31))}).judgement.answer is Answer.MAY_NOT


class TestBlindSpots:
    LEFT = Parting("client-2", "node-2", ns(10))

    def events(self, *found: Event) -> History:
        return History(frame([]), history.events(event.row() for event in found))

    def test_a_client_that_ended_shortly_before_its_node_went_left_in_order(self) -> None:
        gone = Event(EventKind.NODE_NOT_READY, "node-2", "node-2", at_ns=ns(60))
        assert blind_spots([self.LEFT], self.events(gone).events).verdict is Verdict.PASS

    @pytest.mark.parametrize(("node", "at_s"), [("node-1", 60), ("node-2", 1000)])
    def test_one_that_ended_while_its_node_stayed_leaves_a_blind_spot(self, node: str, at_s: float) -> None:
        other = Event(EventKind.NODE_GONE, node, node, at_ns=ns(at_s))
        found = blind_spots([self.LEFT], self.events(other).events)
        assert (found.verdict, found.figure) == (Verdict.INCONCLUSIVE, 1.0)
        assert "client-2 (node-2)" in found.reason

    def test_it_keeps_a_watch_from_passing(self) -> None:
        seen = [*rows(), *rows(end_s=10, client=OTHER)]
        there = {OTHER: Stretch(ns(0), ns(10))}
        found = answer(seen, present=there, partings=(self.LEFT,))
        assert found.judgement.answer is Answer.CANNOT_TELL
