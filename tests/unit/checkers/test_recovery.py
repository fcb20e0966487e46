from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.checkers.recovery import recovery
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import EventKind
from tests.unit.checkers.histories import Row, event, record, steady


def judged(
    rows: Sequence[Row],
    *,
    since: EventKind = EventKind.FAULT_INJECTED,
    at_s: float = 2.0,
    within_s: float = 5.0,
    hold_s: float = 2.0,
    resolution_s: float = 0.5,
    slow_after_ms: float | None = 900,
) -> Finding:
    return recovery(
        record(rows, [event(at_s, since)]),
        since,
        within_s=within_s,
        hold_s=hold_s,
        resolution_s=resolution_s,
        slow_after_ms=slow_after_ms,
    )


def test_recovered_in_time_passes_with_figure_and_resolution() -> None:
    found = judged(steady(0, 12, bad=[(2, 3)]))
    assert found.verdict is Verdict.PASS
    assert found.figure == pytest.approx(1.0, abs=0.011)
    assert found.resolution == pytest.approx(0.01, abs=0.001)


def test_nothing_hurt_is_recovered_at_once() -> None:
    assert judged(steady(0, 12), within_s=0).figure == 0.0
    assert judged(steady(0, 12), within_s=0).verdict is Verdict.PASS


def test_recovered_too_late_fails() -> None:
    found = judged(steady(0, 20, bad=[(2, 9)]))
    assert found.verdict is Verdict.FAIL
    assert found.figure == pytest.approx(7.0, abs=0.011)


def test_never_recovered_fails_and_says_so() -> None:
    found = judged(steady(0, 12, bad=[(2, 12)]))
    assert found.verdict is Verdict.FAIL
    assert "not recovered in the 9.990 s seen" in found.reason


def test_all_failed_fails() -> None:
    assert judged(steady(0, 12, bad=[(0, 12)])).verdict is Verdict.FAIL


def test_a_history_that_ends_too_early_is_inconclusive() -> None:
    assert judged(steady(0, 5, bad=[(2, 5)])).verdict is Verdict.INCONCLUSIVE
    found = judged(steady(0, 4, bad=[(2, 3)]))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "ends too early" in found.reason


def test_no_event_no_attempts_or_a_silent_client_is_inconclusive() -> None:
    assert judged([]).verdict is Verdict.INCONCLUSIVE
    assert judged(steady(0, 2)).verdict is Verdict.INCONCLUSIVE
    missing = record(steady(0, 9), [])
    found = recovery(missing, EventKind.REMEDY_APPLIED, within_s=1, hold_s=1, resolution_s=1)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "remedy_applied" in found.reason
    silent = judged([*steady(0, 12), *steady(0, 1.5, client="client-2")])
    assert silent.verdict is Verdict.INCONCLUSIVE
    assert "client-2" in silent.reason


def test_a_gap_coarser_than_allowed_is_inconclusive() -> None:
    rows = [row for row in steady(0, 12, bad=[(2, 3)]) if not 3.2 < row.at_s < 4.1]
    found = judged(rows)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.resolution == pytest.approx(0.9, abs=0.02)


def test_a_gap_right_after_the_event_counts() -> None:
    assert judged([row for row in steady(0, 12) if not 2 < row.at_s < 3]).verdict is Verdict.INCONCLUSIVE


def test_a_gap_does_not_save_what_is_proven_broken() -> None:
    assert judged(steady(0, 30, 1.0, bad=[(2, 12)])).verdict is Verdict.FAIL


def test_a_relapse_within_the_hold_time_is_no_recovery() -> None:
    found = judged(steady(0, 20, bad=[(2, 3), (4, 5)]))
    assert found.figure == pytest.approx(3.0, abs=0.011)


def test_a_relapse_after_the_hold_time_leaves_the_recovery() -> None:
    found = judged(steady(0, 20, bad=[(2, 3), (6, 7)]))
    assert found.figure == pytest.approx(1.0, abs=0.011)


def test_one_failed_attempt_in_the_first_window_moves_the_recovery() -> None:
    found = judged([*steady(0, 20), Row(3.995, "timeout")])
    assert found.figure == pytest.approx(2.0, abs=0.011)


def test_an_attempt_begun_before_the_event_does_not_count_against_it() -> None:
    found = judged([*steady(0, 12), Row(1.995, "timeout", 1000)], since=EventKind.FAULT_HEALED, within_s=0)
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)


def test_an_attempt_that_was_ok_late_counts_as_hurt() -> None:
    rows = [*steady(0, 12), Row(2.305, latency_ms=1003)]
    assert judged(rows, within_s=0).verdict is Verdict.FAIL
    assert judged(rows, within_s=0, slow_after_ms=None).verdict is Verdict.PASS


def test_the_worst_flow_is_the_figure() -> None:
    rows = [*steady(0, 20, bad=[(2, 3)]), *steady(0, 20, client="client-2", bad=[(2, 5)])]
    found = judged(rows)
    assert found.figure == pytest.approx(3.0, abs=0.011)
    assert "client-2" in found.reason


def test_clock_ties_are_read_as_hurt() -> None:
    rows = [*steady(0, 12), Row(2, "timeout"), Row(2)]
    assert judged(rows).figure == pytest.approx(0.01)


def test_the_first_event_of_its_kind_counts() -> None:
    twice = record(steady(0, 12, bad=[(2, 3)]), [event(5, EventKind.FAULT_HEALED), event(2, EventKind.FAULT_HEALED)])
    found = recovery(twice, EventKind.FAULT_HEALED, within_s=5, hold_s=2, resolution_s=0.5)
    assert found.figure == pytest.approx(1.0, abs=0.011)


@given(length_s=st.floats(0, 4), every_s=st.floats(0.005, 0.4))
def test_the_truth_lies_within_the_resolution(length_s: float, every_s: float) -> None:
    rows = steady(0, 14, every_s, bad=[(2, 2 + length_s)])
    found = judged(rows, within_s=60, resolution_s=1)
    assert found.figure is not None
    assert found.resolution is not None
    assert abs(found.figure - length_s) <= found.resolution + 1e-6


@given(st.permutations(steady(0, 12, 0.4, bad=[(2, 3)])))
def test_the_order_of_rows_does_not_matter(rows: list[Row]) -> None:
    assert judged(rows) == judged(steady(0, 12, 0.4, bad=[(2, 3)]))
