"""What is made of readings of a watch's clients."""

from __future__ import annotations

import pytest

from bench.watching import Reading, core_share_percent
from gauntlet.ground.errors import Inconclusive


def test_the_client_that_takes_most_counts() -> None:
    first = Reading(0, {1: 1.0, 2: 1.0, 3: 0.0})
    last = Reading(10_000_000_000, {1: 1.4, 2: 2.0, 4: 9.0})
    # A second of processor time in ten.
    assert core_share_percent(first, last, 100.0) == pytest.approx(10.0)


def test_without_a_client_that_sends_enough_all_the_time_there_is_no_figure() -> None:
    with pytest.raises(Inconclusive):
        core_share_percent(Reading(0, {1: 1.0}), Reading(10, {2: 1.0}), 100.0)
    with pytest.raises(Inconclusive):
        core_share_percent(Reading(0, {1: 1.0}), Reading(10, {1: 1.0}), 49.0)
