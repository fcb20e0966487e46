"""How long slices had backends that were gone."""

from __future__ import annotations

from gauntlet.workload.replacing import known_too_long_ns


def test_the_longest_counts() -> None:
    assert known_too_long_ns({"old-1": 100, "old-2": 200}, {"old-1": 150, "old-2": 220}) == 50


def test_backends_that_were_forgotten_before_they_ended_were_known_too_long_for_no_time() -> None:
    assert known_too_long_ns({"old-1": 100}, {"old-1": 90}) == 0
