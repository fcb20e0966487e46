"""What a flow may see after a change, and what its rows show of one that sees something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.checkers import truth
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import Outcome as Seen
from gauntlet.semantics.asked import Row
from gauntlet.semantics.endpoints import copies
from gauntlet.semantics.outcomes import Answer, Outcome, Reaction
from gauntlet.workload.catalogue.going_on import of_connection, of_datagrams, serves
from tests.unit.catalogue.asking import planned
from tests.unit.checkers.test_truth import attempt, judged
from tests.unit.semantics.world import CLUSTER_IP, endpoint, in_slice, pod

BEFORE = planned(CLUSTER_IP, slices=(in_slice(endpoint("a")),)).rows[0]
AFTER = planned(CLUSTER_IP, slices=(in_slice(endpoint("b")),)).rows[0]
NOBODY = planned(CLUSTER_IP).rows[0]
KEPT: Answer = BEFORE.outcome.answers[0]


def nodes_of(said: Outcome | None) -> set[str]:
    return set() if said is None else {each.backend.node for each in said.answers}


@pytest.mark.parametrize(
    ("state", "expected"), [("ready", True), ("ending", True), ("unready", False), ("dying", False)]
)
def test_a_backend_serves_while_it_is_ready_or_serves_while_it_ends(state: str, *, expected: bool) -> None:
    found = copies([in_slice(endpoint("a", state), endpoint("b"))])

    assert serves(KEPT, CLUSTER_IP, found) is expected
    assert not serves(KEPT, None, found)
    assert not serves(KEPT, CLUSTER_IP, copies([in_slice(endpoint("b"))]))


def test_an_open_connection_stays_with_its_backend_and_no_other() -> None:
    assert nodes_of(of_connection(None, BEFORE.outcome, "c", serves=False)) == {"a"}
    assert nodes_of(of_connection(KEPT, AFTER.outcome, "c", serves=True)) == {"a"}
    assert of_connection(KEPT, AFTER.outcome, "c", serves=False) is None
    assert of_connection(None, NOBODY.outcome, "c", serves=False) is None


def test_datagrams_go_where_new_ones_go_or_stay_with_what_serves() -> None:
    assert nodes_of(of_datagrams(KEPT, AFTER.outcome, serves=False)) == {"b"}
    assert nodes_of(of_datagrams(KEPT, AFTER.outcome, serves=True)) == {"a", "b"}


def test_datagrams_that_nobody_takes_are_refused_or_not() -> None:
    gone, staying = (of_datagrams(KEPT, NOBODY.outcome, serves=each) for each in (False, True))

    assert gone is not None
    assert staying is not None
    assert gone.reactions == {Reaction.UNANSWERED}
    assert staying.reactions == {Reaction.ANSWERED, Reaction.REFUSED, Reaction.SWALLOWED}


def flow(said: Outcome | None) -> Row:
    assert said is not None
    return replace(BEFORE, outcome=said, flow="UDP flow", local_port=20_001)


@pytest.mark.parametrize(("outcome", "backend"), [(Seen.TIMEOUT, None), (Seen.OK, "pod-a")])
def test_a_flow_that_stays_with_what_is_gone_is_a_failure(outcome: Seen, backend: str | None) -> None:
    row = flow(of_datagrams(KEPT, AFTER.outcome, serves=False))

    good = truth.truth([judged([row], [attempt(row, backend="pod-b")] * 3)])
    bad = truth.truth([judged([row], [attempt(row, backend="pod-b"), attempt(row, outcome, backend)])])

    assert (good.verdict, bad.verdict) == (Verdict.PASS, Verdict.FAIL)
    assert any("UDP flow" in line for line in bad.details)


def test_a_connection_that_is_cut_though_its_backend_serves_is_a_failure() -> None:
    row = flow(of_connection(KEPT, AFTER.outcome, "c", serves=True))
    cut = [attempt(row, backend="pod-a"), attempt(row, Seen.RESET), attempt(row, backend="pod-a")]
    failed = truth.truth([judged([row], cut)])

    assert (failed.verdict, failed.nodes) == (Verdict.FAIL, ("c",))
    assert truth.truth([judged([row], [cut[0], cut[2]])]).verdict is Verdict.PASS


def test_a_flow_of_a_deleted_service_that_is_answered_is_a_failure() -> None:
    row = flow(of_datagrams(KEPT, NOBODY.outcome, serves=False))

    assert truth.truth([judged([row], [attempt(row, backend="pod-a")])]).verdict is Verdict.FAIL
    assert (
        truth.truth([judged([row], [attempt(row, Seen.TIMEOUT), attempt(row, Seen.REFUSED)])]).verdict is Verdict.PASS
    )
    assert row.place == pod("a", 9)
