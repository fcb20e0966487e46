"""Flows that were declared, held against the attempts that were seen."""

from __future__ import annotations

import pytest

from gauntlet.checkers.kept_flows import Stretch
from gauntlet.checkers.silence import attendance, span
from gauntlet.ground.finding import Verdict
from tests.unit.checkers.histories import EMPTY, Row, declared, frame, ns, steady

MINE, OTHER = declared(Row(0)), declared(Row(0, client="outside", node=None))


def test_it_passes_if_every_declared_flow_attempted() -> None:
    rows = [*steady(0, 5), *steady(0, 5, client="outside", node=None)]
    assert attendance(frame(rows), [MINE, OTHER], ns(0), ns(5)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("name", "value"), [("client", "client-2"), ("address", "10.96.0.11"), ("connection", "kept"), ("node", "node-2")]
)
def test_attempts_of_another_flow_are_not_those_of_the_declared_one(name: str, value: str) -> None:
    other = declared(Row(0, **{name: value}))  # type: ignore[arg-type]
    found = attendance(frame(steady(0, 5)), [MINE, other], ns(0), ns(5))
    assert (found.verdict, found.figure) == (Verdict.INCONCLUSIVE, 1.0)
    assert value in found.reason


@pytest.mark.parametrize(("start_s", "end_s"), [(2.1, 5), (0, 2.9)])
def test_a_flow_is_silent_that_does_not_attempt_for_two_seconds(start_s: float, end_s: float) -> None:
    found = attendance(frame(steady(start_s, end_s)), [MINE], ns(0), ns(5))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.details == ("client-1 (node-1) -> test/web cluster_ip 10.96.0.10:80/tcp",)


def test_failed_attempts_are_attempts() -> None:
    assert attendance(frame(steady(0, 5, bad=[(0, 5)])), [MINE], ns(0), ns(5)).verdict is Verdict.PASS


def test_attempts_outside_the_time_do_not_count() -> None:
    assert attendance(frame(steady(0, 5)), [MINE], ns(6), ns(7)).verdict is Verdict.INCONCLUSIVE


def test_no_attempt_and_no_declared_flow_are_inconclusive() -> None:
    assert attendance(EMPTY, [MINE], ns(0), ns(5)).verdict is Verdict.INCONCLUSIVE
    assert attendance(frame(steady(0, 5)), [], ns(0), ns(5)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("rows", [[], [Row(1)], [Row(1, outcome="timeout")]])
def test_of_no_attempt_or_one_alone_it_does_not_follow_that_anybody_attempted(rows: list[Row]) -> None:
    attempts = frame(rows)
    assert attendance(attempts, [MINE, OTHER], *span(attempts)).verdict is Verdict.INCONCLUSIVE


def test_a_flow_whose_client_came_late_or_left_early_has_to_attempt_only_while_it_was_there() -> None:
    attempts = frame(steady(3, 6))
    there, longer = Stretch(ns(3), ns(6)), Stretch(ns(3), ns(9))
    assert attendance(attempts, [MINE], ns(0), ns(10)).verdict is Verdict.INCONCLUSIVE
    assert attendance(attempts, [MINE], ns(0), ns(10), {MINE: [there]}).verdict is Verdict.PASS
    assert attendance(attempts, [MINE], ns(0), ns(10), {MINE: [longer]}).verdict is Verdict.INCONCLUSIVE
    twice = {MINE: [there, Stretch(ns(7), ns(10))]}
    assert attendance(attempts, [MINE], ns(0), ns(10), twice).verdict is Verdict.INCONCLUSIVE
