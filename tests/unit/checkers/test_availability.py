from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.checkers.availability import availability
from gauntlet.ground.finding import Verdict
from tests.unit.checkers.histories import EMPTY, Row, frame, steady


def test_no_attempts_is_inconclusive() -> None:
    assert availability(EMPTY).verdict is Verdict.INCONCLUSIVE


def test_all_ok_passes() -> None:
    found = availability(frame(steady(0, 1)))
    assert (found.verdict, found.figure, found.resolution) == (Verdict.PASS, 1.0, 0.01)


def test_one_failed_attempt_breaks_a_promise_of_all() -> None:
    found = availability(frame([*steady(0, 10), Row(3, "reset")]))
    assert found.verdict is Verdict.FAIL
    assert "1 reset" in found.reason
    assert any("made up" in line for line in found.details)


def test_all_failed_fails_and_says_how() -> None:
    found = availability(frame(steady(0, 1, bad=[(0, 1)])), 0.5)
    assert (found.verdict, found.figure) == (Verdict.FAIL, 0.0)


@pytest.mark.parametrize("bad", [[], [(0, 1)]])
def test_a_promise_of_nothing_is_measured_and_never_a_pass(bad: list[tuple[float, float]]) -> None:
    found = availability(frame(steady(0, 1, bad=bad)), 0.0)
    assert (found.verdict, found.threshold) == (Verdict.MEASURED, None)
    assert "nothing is promised" in found.reason


def test_too_few_attempts_to_measure_are_inconclusive() -> None:
    assert availability(frame([Row(0)]), 0.0, min_attempts=2).verdict is Verdict.INCONCLUSIVE


def test_a_share_somewhat_below_the_promise_is_chance() -> None:
    rows = [Row(index, "ok" if index % 20 < 11 else "timeout") for index in range(60)]
    assert availability(frame(rows), 0.6).verdict is Verdict.PASS


def test_a_share_below_the_promise_that_passes_says_why() -> None:
    rows = [Row(index, "ok" if index % 20 < 11 else "timeout") for index in range(60)]
    reason = availability(frame(rows), 0.6).reason
    assert "that is less, but within the statistical error of 60 attempts" in reason
    assert "statistical error" not in availability(frame(rows), 0.5).reason


def test_too_few_attempts_to_break_a_share_are_inconclusive_though_all_are_ok() -> None:
    assert availability(frame(steady(0, 0.1)), 0.6).verdict is Verdict.INCONCLUSIVE


def test_a_flow_that_fails_is_not_hidden_by_one_that_is_served() -> None:
    rows = [*steady(0, 10), *(Row(index / 10, "timeout", client="client-2") for index in range(40))]
    found = availability(frame(rows), 0.6)
    assert found.verdict is Verdict.FAIL
    assert "client-2" in found.reason


def test_fewer_attempts_than_asked_for_are_inconclusive() -> None:
    assert availability(frame([Row(0)]), min_attempts=2).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("row", [Row(0), Row(0, "refused")])
def test_one_row(row: Row) -> None:
    assert availability(frame([row])).verdict is (Verdict.PASS if row.outcome == "ok" else Verdict.FAIL)


@given(st.permutations(steady(0, 0.3, bad=[(0.1, 0.15)])))
def test_the_order_of_rows_does_not_matter(rows: list[Row]) -> None:
    assert availability(frame(rows), 0.5) == availability(frame(steady(0, 0.3, bad=[(0.1, 0.15)])), 0.5)
