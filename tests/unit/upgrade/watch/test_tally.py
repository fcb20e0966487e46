"""How flows fare at this moment, read from rows that grow."""

from __future__ import annotations

from gauntlet.upgrade.watch.screen import in_a_line
from gauntlet.upgrade.watch.tally import Count, counted

ROW = b"1800000000000000000\t2000000\tok\tbackend-1\t10.1.0.2\t\t7\n"
BAD = b"1800000000000000000\t2000000\tECONNREFUSED\t\t\tConnection refused\t7\n"


def test_whole_rows_are_counted() -> None:
    assert counted(ROW + BAD + ROW) == (3, 2, len(ROW + BAD + ROW))


def test_a_row_that_is_still_being_written_waits() -> None:
    assert counted(ROW + BAD[:-5]) == (1, 1, len(ROW))
    assert counted(b"") == (0, 0, 0)


def test_a_line_names_the_clients_that_fare_badly_now() -> None:
    counts = (Count("client-1", 1000, 990, 100, 100), Count("client-2", 1000, 1000, 100, 75), Count("client-3"))
    assert in_a_line("watching", counts) == ("watching: 3 clients, 2,000 attempts, 10 failed; now: client-2 75.0%")
