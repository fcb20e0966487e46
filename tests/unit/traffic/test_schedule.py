from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.traffic.schedule import Schedule


def test_slots_are_laid_out_by_the_clock() -> None:
    schedule = Schedule(rate_per_s=10, attempts=None, start_s=100.0)

    delays = [schedule.claim(100.0) for _ in range(4)]

    assert delays == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_a_slow_attempt_does_not_move_the_schedule_of_the_others() -> None:
    schedule = Schedule(rate_per_s=10, attempts=None, start_s=0.0)
    schedule.claim(0.0)
    schedule.claim(0.0)

    # The first user hung for 150 ms; its next slot is where it would have been anyway.
    assert schedule.claim(0.15) == pytest.approx(0.05)
    assert schedule.slipped == 0


def test_missed_slots_are_counted_and_never_sent_in_a_burst() -> None:
    schedule = Schedule(rate_per_s=10, attempts=None, start_s=0.0)
    schedule.claim(0.0)

    # The only user hung for a second: nine slots have passed.
    assert schedule.claim(1.0) == 0.0
    assert schedule.claim(1.0) == pytest.approx(0.1)
    assert schedule.slipped == 1


def test_without_a_rate_nothing_waits() -> None:
    schedule = Schedule(rate_per_s=None, attempts=None, start_s=0.0)

    assert [schedule.claim(float(now)) for now in range(3)] == [0.0, 0.0, 0.0]


@given(attempts=st.integers(1, 50), rate=st.none() | st.floats(0.1, 1000))
def test_a_bounded_schedule_has_exactly_so_many_slots(attempts: int, rate: float | None) -> None:
    schedule = Schedule(rate, attempts, start_s=0.0)

    slots = [schedule.claim(0.0) for _ in range(attempts + 3)]

    assert [slot is not None for slot in slots] == [True] * attempts + [False] * 3


@given(rate=st.floats(1, 1000), gaps=st.lists(st.floats(0, 5), min_size=2, max_size=50))
def test_starts_are_never_closer_than_the_rate_allows_after_a_slip(rate: float, gaps: list[float]) -> None:
    schedule = Schedule(rate, attempts=None, start_s=0.0)
    now, starts = 0.0, []
    for gap in gaps:
        now += gap
        delay = schedule.claim(now)
        assert delay is not None
        assert delay >= 0
        starts.append(now + delay)

    # One interval of lateness may be caught up with, never more.
    span = starts[-1] - starts[0]
    assert span >= (len(starts) - 2) / rate - 1e-6
