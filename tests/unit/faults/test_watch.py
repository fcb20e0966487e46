"""What `chaos run` says of the Service at its end."""

from __future__ import annotations

from gauntlet.faults.chaos.watch import seen
from tests.unit.checkers.histories import Row, frame, ns, steady


def test_an_outage_is_told_in_words() -> None:
    attempts = frame(steady(0, 12, 0.2, client="node-1", bad=[(2.1, 7)]))
    assert seen(attempts, ns(2)) == (
        "outage of test/web from node-1: 4.8 s (+/- 0.2 s), from 0.2 s after the injection; "
        "24 of 50 connections were hurt (24 timeout)"
    )


def test_an_outage_that_goes_on_has_no_length() -> None:
    assert "not over at the end, from 1.0 s after" in seen(frame(steady(0, 8, 0.2, bad=[(2.9, 9)])), ns(2))


def test_the_longest_of_several_is_told() -> None:
    told = seen(frame(steady(0, 20, 0.2, bad=[(2.1, 3), (6.1, 9)])), ns(2))
    assert "2.8 s (+/- 0.2 s), the longest of 2, from 4.2 s after" in told


def test_a_connection_that_came_late_was_hurt() -> None:
    attempts = frame([*steady(0, 4, 0.2), Row(4, latency_ms=1100), *steady(5, 9, 0.2)])
    assert "1 of 31 connections were hurt (1 slow)" in seen(attempts, ns(2))


def test_a_service_that_always_answers_had_no_outage() -> None:
    told = seen(frame(steady(0, 4, 0.2, client="node-1")), ns(2))
    assert told == "no outage: test/web from node-1 answered all 10 connections after the injection"


def test_without_attempts_nothing_is_known() -> None:
    assert "nothing is known" in seen(frame(steady(0, 2, 0.2)), ns(3))
