"""What is said of the rows of a watch."""

from __future__ import annotations

from gauntlet.ground.finding import Verdict
from gauntlet.upgrade.watch.stream import arrived


def test_every_attempt_has_its_row() -> None:
    found = arrived([(1000, 1000), (234, 234)])
    assert (found.verdict, found.figure) == (Verdict.MEASURED, 0.0)
    assert found.reason == "1,234 attempts were made until the end, and each has its row"


def test_rows_that_are_lost_are_counted() -> None:
    found = arrived([(1000, 997), (None, 500)])
    assert found.figure == 3.0
    assert found.reason.endswith("and 3 have no row")
