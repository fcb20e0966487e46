"""What ipvs schedulers promise, on made-up attempts: turns, weights, open connections, hashes."""

from __future__ import annotations

from itertools import cycle, islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.checkers.affinity import BY_DESTINATION, affinity
from gauntlet.checkers.open_connections import open_connections
from gauntlet.checkers.same_choice import same_choice
from gauntlet.checkers.turns import CYCLES, turns
from gauntlet.ground.finding import Verdict
from tests.unit.checkers.histories import EMPTY, Row, frame

EQUAL = {"a": 1, "b": 1, "c": 1}


def met(backends: str) -> list[Row]:
    return [Row(number / 100, backend=backend) for number, backend in enumerate(backends)]


@given(st.permutations("aaabbc"), st.integers(0, 5), st.integers(CYCLES, 9))
def test_any_fixed_succession_keeps_its_weights(order: list[str], offset: int, rounds: int) -> None:
    succession = "".join(islice(cycle(order), offset, offset + 6 * rounds))
    assert turns(frame(met(succession)), {"a": 3, "b": 2, "c": 1}).verdict is Verdict.PASS


def test_even_on_average_is_not_in_turn() -> None:
    found = turns(frame(met("abc" * 3 + "aabbcc")), EQUAL)
    assert (found.verdict, found.unit) == (Verdict.FAIL, "successions")
    assert "from attempt" in found.details[0]


def test_a_backend_of_weight_zero_has_no_turn() -> None:
    assert turns(frame(met("ab" * 6)), {"a": 1, "b": 1, "c": 0}).verdict is Verdict.PASS
    assert turns(frame(met("abc" * 6)), {"a": 1, "b": 1, "c": 0}).verdict is Verdict.FAIL


def test_flows_have_turns_of_their_own() -> None:
    other = [Row(row.at_s + 0.005, backend=row.backend, client="client-2", node="node-2") for row in met("cab" * 4)]
    assert turns(frame([*met("abc" * 4), *other]), EQUAL).verdict is Verdict.PASS


@pytest.mark.parametrize("rows", [[], met("abcab"), [Row(number / 100, "timeout") for number in range(30)]])
def test_few_attempts_show_no_turns(rows: list[Row]) -> None:
    assert turns(frame(rows), EQUAL).verdict is Verdict.INCONCLUSIVE


def test_open_connections_as_promised_pass_and_others_fail() -> None:
    rows = frame(met("aaaab"))
    assert open_connections(rows, {"a": 4, "b": 1}).verdict is Verdict.PASS
    assert open_connections(rows, {"a": 3, "b": 2}, within=1).verdict is Verdict.PASS
    found = open_connections(rows, {"a": 3, "b": 2})
    assert (found.verdict, found.figure, found.threshold) == (Verdict.FAIL, 1.0, 0.0)
    assert open_connections(rows, {"a": 4, "b": 0, "c": 1}).verdict is Verdict.FAIL


def test_connections_that_did_not_open_are_inconclusive() -> None:
    assert open_connections(EMPTY, {"a": 1}).verdict is Verdict.INCONCLUSIVE
    found = open_connections(frame([*met("aa"), Row(9, "timeout")]), {"a": 2})
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "1 of 3" in found.reason


def test_a_destination_hash_gives_all_clients_of_a_node_one_backend() -> None:
    here = [Row(row.at_s, backend="a", client=client) for client in ("client-1", "node-1") for row in met("a" * 13)]
    assert affinity(frame(here), sticks_by=BY_DESTINATION).verdict is Verdict.PASS
    split = [*here, *(Row(row.at_s, backend="b", client="third") for row in met("b" * 25))]
    found = affinity(frame(split), sticks_by=BY_DESTINATION)
    assert found.verdict is Verdict.FAIL
    assert "clients of node-1" in found.reason
    assert affinity(frame(split), min_attempts=13).verdict is Verdict.PASS


def test_a_hash_that_chooses_the_same_again_passes_and_another_fails() -> None:
    first = frame(met("abcabcabcabcabcabc"))
    assert same_choice(first, first, 3).verdict is Verdict.PASS
    found = same_choice(first, frame(met("abcabcabcabcabcabb")), 3)
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert found.details == ("connection 18: c, then b",)


@pytest.mark.parametrize("again", ["ab", "abc", ""])
def test_few_or_different_numbers_of_choices_are_inconclusive(again: str) -> None:
    assert same_choice(frame(met("ab")), frame(met(again)), 3).verdict is Verdict.INCONCLUSIVE


def test_that_nobody_knows_who_answered_is_not_the_same_choice() -> None:
    nobody = frame([Row(number / 100, backend=None) for number in range(18)])
    assert same_choice(nobody, nobody, 3).verdict is Verdict.INCONCLUSIVE
