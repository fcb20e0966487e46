"""Whether traffic has got over faults."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import attempts
from gauntlet.upgrade.recovery import is_good, recovered
from tests.unit.checkers.histories import Row, frame, ns, steady

GOOD = list(steady(0, 10, 0.05))
LATE = [replace(row, outcome="timeout") if row.at_s > 9 else row for row in GOOD]


def test_a_flow_is_good_if_it_attempted_and_nothing_failed_since() -> None:
    assert is_good(frame(GOOD), ns(8))
    assert not is_good(frame(LATE), ns(8))
    assert is_good(frame(LATE[:150]), ns(7))
    assert not is_good(frame(GOOD), ns(11))
    assert not is_good(attempts([]), ns(0))


def test_flows_that_have_not_got_over_it_are_named_and_nothing_is_known() -> None:
    found = recovered({"a": frame(GOOD), "b": frame(LATE)}, ns(8))
    assert (found.verdict, found.figure, found.details) == (Verdict.INCONCLUSIVE, 1.0, ("b",))
    assert recovered({"a": frame([Row(9.0)])}, ns(8)).verdict is Verdict.PASS
