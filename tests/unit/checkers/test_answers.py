"""Checkers of what the replies were: correctness, error kinds, refusal, affinity, source IP, reaches all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gauntlet.checkers.affinity import affinity
from gauntlet.checkers.affinity_timeout import affinity_timeout
from gauntlet.checkers.blast_radius import blast_radius
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.error_kinds import error_kinds
from gauntlet.checkers.latency import latency
from gauntlet.checkers.reaches_all import chance_of_a_miss, reaches_all
from gauntlet.checkers.refusal import refusal
from gauntlet.checkers.sample import OUTSIDE
from gauntlet.checkers.source_ip import source_ip
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome
from tests.unit.checkers.histories import BACKENDS, EMPTY, Row, frame, steady

CHECKERS: dict[str, Callable[[pl.DataFrame], Finding]] = {
    "affinity": affinity,
    "blast-radius": lambda attempts: blast_radius(attempts, frozenset()),
    "correctness": lambda attempts: correctness(attempts, BACKENDS),
    "error-kinds": lambda attempts: error_kinds(attempts, [Outcome.TIMEOUT]),
    "latency": lambda attempts: latency(attempts, 10, 100),
    "reaches-all": lambda attempts: reaches_all(attempts, BACKENDS),
    "refusal": lambda attempts: refusal(attempts, 100),
    "source-ip": lambda attempts: source_ip(attempts, ["10.244.1.5"]),
}


@pytest.mark.parametrize("name", sorted(CHECKERS))
def test_no_data_is_inconclusive(name: str) -> None:
    found = CHECKERS[name](EMPTY)
    assert (found.check, found.verdict) == (name, Verdict.INCONCLUSIVE)
    assert found.reason


@pytest.mark.parametrize("name", sorted(CHECKERS))
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    rows = [*steady(0, 2, bad=[(1, 1.1)]), *steady(0, 2, client="client-2", node=None)]
    assert CHECKERS[name](frame(rows[::-1])) == CHECKERS[name](frame(rows))


def test_correctness_passes_with_the_right_backends() -> None:
    assert correctness(frame([*steady(0, 1), Row(1, "timeout")]), BACKENDS).verdict is Verdict.PASS


@pytest.mark.parametrize("stranger", [Row(0.5, backend="stranger"), Row(0.5, "wrong_backend", backend="stranger")])
def test_correctness_fails_with_one_reply_of_a_stranger(stranger: Row) -> None:
    found = correctness(frame([*steady(0, 1), stranger]), BACKENDS)
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert "stranger" in found.reason


def test_correctness_trusts_the_outcome_wrong_backend_even_without_a_name() -> None:
    assert correctness(frame([Row(0, "wrong_backend", backend=None)]), BACKENDS).verdict is Verdict.FAIL


def test_correctness_of_unnamed_replies_is_inconclusive() -> None:
    assert correctness(frame([*steady(0, 1), Row(1, backend=None)]), BACKENDS).verdict is Verdict.INCONCLUSIVE
    assert correctness(frame(steady(0, 1, bad=[(0, 1)])), BACKENDS).verdict is Verdict.INCONCLUSIVE


def test_error_kinds_passes_with_allowed_errors_and_with_none() -> None:
    assert error_kinds(frame(steady(0, 1, bad=[(0, 1)])), [Outcome.TIMEOUT]).verdict is Verdict.PASS
    assert error_kinds(frame(steady(0, 1)), []).verdict is Verdict.PASS


def test_error_kinds_fails_with_another_error_and_counts() -> None:
    found = error_kinds(frame([*steady(0, 1, bad=[(0, 0.5)]), Row(0.2, "reset")]), ["timeout"])
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert "50 timeout, 1 reset" in found.reason


def test_latency_passes_and_names_each_node() -> None:
    found = latency(frame([*steady(0, 1), *steady(0, 1, client="outer", node=None)]), 10, 100)
    assert (found.verdict, found.figure) == (Verdict.PASS, 2.0)
    assert [line.split(":")[0] for line in found.details] == ["node-1", OUTSIDE]


def test_latency_fails_on_the_tail_of_one_node() -> None:
    slow = [Row(index / 100, latency_ms=500 if index % 20 == 0 else 2, node="node-2") for index in range(200)]
    assert latency(frame([*steady(0, 9), *slow]), 10, 100).verdict is Verdict.FAIL


def test_latency_fails_on_the_median() -> None:
    rows = [Row(index / 100, latency_ms=20) for index in range(200)]
    assert latency(frame(rows), 10, 100).verdict is Verdict.FAIL


def test_latency_of_few_good_attempts_is_inconclusive() -> None:
    assert latency(frame(steady(0, 0.9)), 10, 100).verdict is Verdict.INCONCLUSIVE
    silent = [*steady(0, 9), *steady(0, 9, node="node-2", bad=[(0, 9)])]
    assert latency(frame(silent), 10, 100).verdict is Verdict.INCONCLUSIVE


def test_blast_radius_passes_when_only_allowed_nodes_fail() -> None:
    rows = [*steady(0, 1, bad=[(0, 1)]), *steady(0, 1, node="node-2")]
    assert blast_radius(frame(rows), frozenset({"node-1"})).verdict is Verdict.PASS


def test_blast_radius_fails_for_one_failure_elsewhere_or_outside() -> None:
    rows = [*steady(0, 1, bad=[(0, 1)]), *steady(0, 1, node=None), Row(0.5, "refused", node=None)]
    found = blast_radius(frame(rows), frozenset({"node-1"}))
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert "1 outside" in found.reason
    assert blast_radius(frame(rows), frozenset({"node-1", OUTSIDE})).verdict is Verdict.INCONCLUSIVE


def test_refusal_passes_when_all_are_refused_at_once() -> None:
    found = refusal(frame([Row(index, "refused", 1.5) for index in range(5)]), 100)
    assert (found.verdict, found.figure) == (Verdict.PASS, 1.5)


@pytest.mark.parametrize("other", [Row(9, "timeout", 1000), Row(9), Row(9, "refused", 150), Row(9, "unreachable", 1)])
def test_refusal_fails_with_anything_else(other: Row) -> None:
    found = refusal(frame([*(Row(index, "refused", 1.5) for index in range(5)), other]), 100)
    assert found.verdict is Verdict.FAIL
    assert len(found.details) == 1


def test_refusal_of_too_few_attempts_is_inconclusive() -> None:
    assert refusal(frame([Row(0, "refused", 1)]), 100, min_attempts=2).verdict is Verdict.INCONCLUSIVE


def stuck(count: int, backend: str = "backend-1", client: str = "client-1", address: str = "10.96.0.10") -> list[Row]:
    return [Row(index / 10, backend=backend, client=client, address=address) for index in range(count)]


def test_affinity_passes_for_each_client_and_address_by_itself() -> None:
    rows = [*stuck(30), *stuck(30, "backend-2", "client-2"), *stuck(30, "backend-3", address="10.77.0.12")]
    assert affinity(frame(rows)).verdict is Verdict.PASS


def test_affinity_fails_when_one_attempt_strays() -> None:
    found = affinity(frame([*stuck(30), Row(9, backend="backend-2")]))
    assert (found.verdict, found.figure) == (Verdict.FAIL, 2.0)
    assert "30 backend-1, 1 backend-2" in found.reason


def test_affinity_of_few_or_unnamed_or_failed_attempts_is_inconclusive() -> None:
    assert affinity(frame(stuck(5))).verdict is Verdict.INCONCLUSIVE
    assert affinity(frame([*stuck(30), Row(9, backend=None)])).verdict is Verdict.INCONCLUSIVE
    assert affinity(frame(steady(0, 1, bad=[(0, 1)]))).verdict is Verdict.INCONCLUSIVE


def test_source_ip_passes_also_when_mapped_into_ipv6() -> None:
    rows = [Row(0, seen="10.244.1.5"), Row(1, seen="::ffff:10.244.1.5"), Row(2, "timeout")]
    assert source_ip(frame(rows), ["10.244.1.5"]).verdict is Verdict.PASS


@pytest.mark.parametrize("seen", ["10.77.0.11", "fd00::1", "not an address"])
def test_source_ip_fails_with_another_address(seen: str) -> None:
    found = source_ip(frame([Row(0, seen="10.244.1.5"), Row(1, seen=seen)]), ["10.244.1.5"])
    assert found.verdict is Verdict.FAIL
    assert seen in found.reason


def test_source_ip_of_a_mute_reply_is_inconclusive() -> None:
    assert source_ip(frame([Row(0, seen="10.244.1.5"), Row(1)]), ["10.244.1.5"]).verdict is Verdict.INCONCLUSIVE


def test_reaches_all_passes_as_soon_as_each_answered() -> None:
    assert reaches_all(frame(steady(0, 0.03)), BACKENDS).verdict is Verdict.PASS


def test_reaches_all_fails_when_chance_cannot_be_the_cause() -> None:
    found = reaches_all(frame(steady(0, 1, backends=("backend-1", "backend-2"))), BACKENDS)
    assert found.verdict is Verdict.FAIL
    assert "never reached: backend-3" in found.reason
    assert chance_of_a_miss(100, 3) < 1e-7


def test_reaches_all_of_few_attempts_is_inconclusive() -> None:
    assert reaches_all(frame([Row(0)]), BACKENDS).verdict is Verdict.INCONCLUSIVE


def pairs(backends: list[str]) -> pl.DataFrame:
    return frame([Row(0, backend=backend, client=f"client-{index}") for index, backend in enumerate(backends)])


def test_affinity_timeout_passes_when_a_client_moved() -> None:
    found = affinity_timeout(pairs(["a", "a", "b"]), pairs(["a", "b", "b"]), 2)
    assert (found.verdict, found.figure) == (Verdict.PASS, 1.0)


def test_affinity_timeout_fails_when_none_of_many_moved() -> None:
    assert affinity_timeout(pairs(["a"] * 30), pairs(["a"] * 30), 2).verdict is Verdict.FAIL


def test_affinity_timeout_of_few_or_no_pairs_is_inconclusive() -> None:
    assert affinity_timeout(pairs(["a"] * 5), pairs(["a"] * 5), 2).verdict is Verdict.INCONCLUSIVE
    assert affinity_timeout(EMPTY, pairs(["a"] * 30), 2).verdict is Verdict.INCONCLUSIVE
