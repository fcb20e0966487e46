"""Flows that nobody may disturb: what each of them loses is found by its own check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gauntlet.checkers.undisturbed import undisturbed
from gauntlet.ground import history
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import History
from tests.unit.checkers.histories import BACKENDS, Row, declared, frame

TCP = [Row(number * 0.1, connection="kept") for number in range(100)]
UDP = [replace(each, protocol="udp", client="client-2") for each in TCP]


def blocking(*flows: Sequence[Row], seen: Sequence[Row]) -> set[str]:
    attempts = frame(seen)
    told = History(attempts, history.events([]))
    found = undisturbed(attempts, {declared(row) for flow in flows for row in flow}, told, BACKENDS)
    return {each.check for each in found if each.verdict is not Verdict.PASS}


def test_who_keeps_all_that_they_have_is_undisturbed() -> None:
    assert blocking(TCP, UDP, seen=[*TCP, *UDP]) == set()


@pytest.mark.parametrize(
    ("lost", "checks"),
    [
        (replace(TCP[50], outcome="reset"), {"availability", "connections-cut"}),
        (replace(UDP[50], backend="backend-2"), {"udp-flows-moved"}),
        (replace(UDP[50], backend="somebody"), {"correctness", "udp-flows-moved"}),
    ],
)
def test_each_loss_has_its_name(lost: Row, checks: set[str]) -> None:
    rows = [lost if (each.at_s, each.client) == (lost.at_s, lost.client) else each for each in (*TCP, *UDP)]
    assert blocking(TCP, UDP, seen=rows) == checks


def test_who_is_silent_is_missed() -> None:
    assert "flows" in blocking(TCP, UDP, seen=TCP)
