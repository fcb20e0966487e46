"""Changes that go on while kube-proxies are replaced."""

from __future__ import annotations

from itertools import repeat
from threading import Event

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Verdict
from gauntlet.upgrade.churn import Stir


def refused() -> None:
    raise GauntletError("no answer from the API server", "look at it")


def test_changes_are_made_until_it_is_ended_and_counted() -> None:
    twice = Event()
    made: list[int] = []

    def change() -> None:
        made.append(1)
        if len(made) == 2:
            twice.set()

    stir = Stir(repeat(change))
    stir.start()
    assert twice.wait(60)
    stir.end()
    found = stir.finding()
    assert (found.verdict, found.figure) == (Verdict.MEASURED, float(len(made)))
    assert len(made) >= 2


def test_one_that_cannot_be_made_is_the_last_and_is_inconclusive() -> None:
    stir = Stir(repeat(refused))
    stir.make(lambda: None)
    stir.make(refused)
    found = stir.finding()
    assert (found.verdict, found.remedy) == (Verdict.INCONCLUSIVE, "look at it")
    assert "after 1 changes of endpoints and Services: no answer from the API server" in found.reason
    # It has ended before it makes any.
    stir.start()
    stir.end()
    assert stir.made == 1
