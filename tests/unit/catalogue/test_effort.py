"""How often rows are asked."""

from __future__ import annotations

import random

import pytest

from gauntlet.semantics.asked import BY_CHANCE, Effort, Row, enough_to_meet, enough_to_stay
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.places import Where
from gauntlet.workload.catalogue import effort
from gauntlet.workload.catalogue.step import Asks
from tests.unit.catalogue.asking import planned
from tests.unit.semantics.world import CLUSTER_IP, WEB, endpoint, everywhere, in_slice

REFUSED = planned(CLUSTER_IP).rows


def full(*nodes: str) -> Row:
    """A row whose backends are all to be met."""
    rows = planned(CLUSTER_IP, slices=(in_slice(*map(endpoint, nodes)),)).rows
    return next(row for row in rows if row.effort is Effort.EVERY_BACKEND)


@pytest.mark.parametrize("backends", [2, 3, 4, 10, 100])
def test_chance_does_not_miss_a_backend_in_so_many_attempts(backends: int) -> None:
    attempts = enough_to_meet(backends)

    assert backends * (1 - 1 / backends) ** attempts <= BY_CHANCE
    assert backends * (1 - 1 / backends) ** (attempts - 1) > BY_CHANCE


@pytest.mark.parametrize("backends", [2, 3, 7])
def test_chance_does_not_stay_with_a_backend_for_so_many_attempts(backends: int) -> None:
    assert (1 / backends) ** (enough_to_stay(backends) - 1) <= BY_CHANCE


def test_rows_that_met_all_are_asked_no_more() -> None:
    row = full("a", "b", "c")

    assert list(effort.rest([row], {row.number: 3})) == []


def test_rows_that_missed_one_are_asked_until_chance_cannot_be_the_reason() -> None:
    row = full("a", "b", "c")

    ((again, more),) = effort.rest([row], {row.number: 2})

    assert again is row
    assert effort.first(row) + more == enough_to_meet(3)


def test_one_endpoint_takes_few_attempts() -> None:
    row = full("a")

    assert effort.first(row) == effort.ANSWERED
    assert list(effort.rest([row], {row.number: 1})) == []


def test_refusals_of_a_node_to_itself_are_not_limited() -> None:
    own = {row.place.where for row in REFUSED if not effort.is_limited(row)}
    limited = {row.place.where for row in REFUSED if effort.is_limited(row)}

    assert (own, limited) == ({Where.NODE}, {Where.POD})


def test_refusals_at_another_nodes_port_are_limited() -> None:
    rows = planned(WEB, asks=Asks(kinds=(Kind.NODE_PORT,), places=(Where.NODE,))).rows

    assert all(map(effort.is_limited, rows))


def test_what_is_answered_has_no_limit() -> None:
    assert not any(map(effort.is_limited, planned(WEB, slices=(everywhere(),)).rows))


def test_cases_share_the_refusals_of_a_client_evenly() -> None:
    rows = [row for row in planned(WEB).rows if row.client == "pod-a"]
    case_of = {row.number: random.Random(row.number).choice(["first", "second"]) for row in rows}

    chosen, too_many = effort.within_limits(rows, case_of, {"pod-a": 4}, turn=0)

    assert sorted(case_of[row.number] for row in chosen) == ["first", "first", "second", "second"]
    assert sorted([*chosen, *too_many], key=lambda row: row.number) == rows
