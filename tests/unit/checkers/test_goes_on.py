"""Open connections of a removed backend, on made-up histories."""

from __future__ import annotations

import pytest

from gauntlet.checkers.goes_on import goes_on
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import Outcome
from tests.unit.checkers.histories import Row, frame, ns

REMOVED_S = 5.0


def kept(at_s: float, backend: str = "backend-1", outcome: str = Outcome.OK) -> Row:
    return Row(at_s, outcome, backend=backend, connection="kept")


OTHERS = [kept(at_s, "backend-2") for at_s in (1.0, 3.0, 6.0, 8.0)]


@pytest.mark.parametrize(
    ("case", "rows", "expected", "figure"),
    [
        ("it answers on", [kept(1.0), kept(6.0), kept(7.0)], Verdict.PASS, 2.0),
        ("it falls silent", [kept(1.0), kept(6.0, outcome=Outcome.TIMEOUT)], Verdict.FAIL, 0.0),
        ("it is cut off", [kept(1.0), kept(6.0, outcome=Outcome.RESET), kept(7.0, "backend-2")], Verdict.FAIL, 0.0),
        ("one of two is cut off", [kept(1.0), kept(6.0), kept(6.1, outcome=Outcome.RESET)], Verdict.FAIL, 1.0),
        ("it is gone without an error", [kept(1.0), kept(6.0, "backend-2")], Verdict.FAIL, 0.0),
        ("it had none", [kept(1.0, "backend-3"), kept(6.0)], Verdict.INCONCLUSIVE, None),
        ("new ones are none of these", [Row(1.0), Row(6.0)], Verdict.INCONCLUSIVE, None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_connections_of_a_removed_backend(case: str, rows: list[Row], expected: Verdict, figure: float | None) -> None:
    found = goes_on(frame([*OTHERS, *rows]), "backend-1", ns(REMOVED_S))
    assert (found.verdict, found.figure) == (expected, figure), case


def test_nothing_asked_afterwards_proves_nothing() -> None:
    assert goes_on(frame([kept(1.0), kept(2.0)]), "backend-1", ns(REMOVED_S)).verdict is Verdict.INCONCLUSIVE
