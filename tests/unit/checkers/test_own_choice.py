"""Own choice on made-up choices of two clients on each of three nodes."""

from __future__ import annotations

from gauntlet.checkers.own_choice import own_choice
from gauntlet.ground import history
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl


def _choices(of_pods: str, of_nodes: str, services: int, *, outcome: str = "ok") -> pl.DataFrame:
    return history.attempts(
        {
            "at_ns": number,
            "client": f"{kind} on {node}",
            "client_node": node,
            "service": f"ns/s-{number}",
            "outcome": outcome,
            "backend": backend,
        }
        for number in range(services)
        for node in ("node-1", "node-2", "node-3")
        for kind, backend in (("pod", of_pods), ("node", of_nodes))
    )


def test_choices_of_their_own_pass() -> None:
    found = own_choice(_choices("a", "b", 6), backends=3)
    assert (found.verdict, found.figure) == (Verdict.PASS, 18.0)


def test_clients_that_count_as_one_fail() -> None:
    found = own_choice(_choices("a", "a", 6), backends=3)
    assert found.verdict is Verdict.FAIL
    assert "0 of 18 pairs" in found.reason


def test_few_equal_choices_may_be_chance() -> None:
    assert own_choice(_choices("a", "a", 2), backends=3).verdict is Verdict.INCONCLUSIVE


def test_no_choice_is_inconclusive() -> None:
    assert own_choice(_choices("a", "b", 6, outcome="timeout"), backends=3).verdict is Verdict.INCONCLUSIVE
