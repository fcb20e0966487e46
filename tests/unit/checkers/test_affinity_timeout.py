"""Affinity time-out on made-up choices."""

from __future__ import annotations

from gauntlet.checkers.affinity_timeout import affinity_timeout
from gauntlet.ground import history
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl


def _choices(backend: str, services: int, *, outcome: str = "ok") -> pl.DataFrame:
    return history.attempts(
        {"at_ns": n, "client": "client-1", "service": f"ns/s-{n}", "outcome": outcome, "backend": backend}
        for n in range(services)
    )


def test_new_choices_pass() -> None:
    found = affinity_timeout(_choices("a", 18), _choices("b", 18), backends=3)
    assert (found.verdict, found.figure) == (Verdict.PASS, 18.0)


def test_affinity_that_never_ends_fails() -> None:
    found = affinity_timeout(_choices("a", 18), _choices("a", 18), backends=3)
    assert found.verdict is Verdict.FAIL
    assert "0 of 18 pairs" in found.reason


def test_few_equal_choices_may_be_chance() -> None:
    assert affinity_timeout(_choices("a", 3), _choices("a", 3), backends=3).verdict is Verdict.INCONCLUSIVE


def test_no_second_choice_is_inconclusive() -> None:
    nothing = _choices("a", 18, outcome="timeout")
    assert affinity_timeout(_choices("a", 18), nothing, backends=3).verdict is Verdict.INCONCLUSIVE
