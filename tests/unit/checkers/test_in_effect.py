"""How soon changes of every kind are what each client of a Service meets, held against a promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gauntlet.checkers.in_effect import in_effect, served_throughout
from gauntlet.ground.answering import Demand, answered_as
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome
from tests.unit.checkers.histories import Row, frame, ns

EVERY_S, APART_S, WITHIN_S = 0.1, 20.0, 5.0
ADDRESS = "10.96.0.10"
ONE, TWO = frozenset({"backend-1"}), frozenset({"backend-1", "backend-2"})
OTHER, NOBODY = frozenset({"backend-2"}), frozenset[str]()
# What there is at the beginning, and after each change.
KINDS = (("", ONE), ("one more", TWO), ("one less", OTHER), ("none", NOBODY), ("a first one", ONE))


def demands(address: str = ADDRESS) -> tuple[Demand, ...]:
    return tuple(
        Demand(words, ns(number * APART_S), ns((number + 1) * APART_S), {address: backends} if backends else {})
        for number, (words, backends) in enumerate(KINDS[1:])
    )


def asked(latencies_s: Sequence[float], client: str = "client-1") -> list[Row]:
    """What a client saw for whom each change was in effect after so many seconds; backends take turns."""
    rows = []
    for number, latency_s in enumerate(latencies_s):
        for step in range(round(APART_S / EVERY_S)):
            after_s = step * EVERY_S
            backends = sorted(KINDS[number + (after_s >= latency_s)][1])
            at_s = number * APART_S + after_s
            if backends:
                rows.append(Row(at_s, backend=backends[step % len(backends)], client=client))
            else:
                rows.append(Row(at_s, Outcome.REFUSED, backend=None, client=client))
    return rows


def judged(*clients: Sequence[float], within_s: float | None = WITHIN_S) -> Finding:
    rows = [row for number, each in enumerate(clients) for row in asked(each, f"client-{number}")]
    return in_effect(frame(rows), demands(), within_s)


SOON = (0.55, 0.55, 0.55, 0.55)


def test_changes_of_every_kind_that_are_soon_in_effect_pass() -> None:
    found = judged(SOON, SOON)
    assert (found.check, found.verdict, found.unit, found.threshold) == ("in-effect", Verdict.PASS, "s", WITHIN_S)
    assert found.figure == pytest.approx(0.7)
    assert found.reason.startswith("4 changes of a Service; the slowest: one more: client-0 (node-1)")
    assert len(found.details) == 4


@pytest.mark.parametrize("kind", range(4), ids=[words for words, _ in KINDS[1:]])
def test_one_kind_that_is_late_for_one_client_fails(kind: int) -> None:
    late = [*SOON]
    late[kind] = 8.05
    found = judged(SOON, late)
    assert found.verdict is Verdict.FAIL
    assert found.figure == pytest.approx(8.1, abs=0.2)
    assert found.reason.startswith(f"late for 1 of 8 flows and changes ({KINDS[kind + 1][0]}): ")
    assert "client-1" in found.reason


def test_what_is_never_in_effect_fails_without_a_figure() -> None:
    found = judged((*SOON[:3], 99.0))
    assert (found.verdict, found.figure) == (Verdict.FAIL, None)
    assert "a first one: client-0" in found.reason
    assert "not before the next change" in found.reason


def test_what_may_have_been_in_time_is_not_decided() -> None:
    """Of two endpoints the second is met for the first time after 5.5 s; it may have been there, and not been met."""
    assert judged((5.45, *SOON[1:])).verdict is Verdict.INCONCLUSIVE
    assert judged((0.55, 5.45, *SOON[2:])).verdict is Verdict.FAIL


def test_without_a_promise_it_is_measured_and_without_attempts_nothing_is_said() -> None:
    assert judged((8.05, *SOON[1:]), within_s=None).verdict is Verdict.MEASURED
    assert in_effect(frame([]), demands(), WITHIN_S).verdict is Verdict.INCONCLUSIVE


def test_who_falls_silent_has_not_seen_it() -> None:
    rows = [row for row in asked(SOON) if row.at_s < 3 * APART_S]
    found = in_effect(frame(rows), demands(), WITHIN_S)
    assert (found.verdict, found.figure) == (Verdict.FAIL, None)


def test_an_attempt_that_is_lost_long_after_a_change_counts_as_not_in_effect_until_then() -> None:
    rows = [
        replace(row, outcome=Outcome.TIMEOUT, backend=None) if row.at_s == pytest.approx(9.0) else row
        for row in asked(SOON)
    ]
    assert in_effect(frame(rows), demands(), WITHIN_S).verdict is Verdict.FAIL


def test_nobody_has_to_answer_at_another_address() -> None:
    found = in_effect(frame(asked(SOON)), demands("10.96.0.99"), WITHIN_S)
    assert (found.verdict, found.figure) == (Verdict.FAIL, None)
    assert found.reason.startswith("late for 3 of 4 flows and changes (one more, one less, a first one)")


@pytest.mark.parametrize(
    ("wanted", "latest_s"),
    [(ONE, 0.0), (NOBODY, None), (TWO, None), (OTHER, None)],
)
def test_a_flow_is_answered_as_demanded_by_all_and_by_nobody_else(
    wanted: frozenset[str], latest_s: float | None
) -> None:
    rows = frame([Row(step * EVERY_S) for step in range(50)])
    found = answered_as(rows, wanted, ns(0), ns(5))
    assert (None if found is None else found.latest_s) == latest_s


def in_part(keep: Callable[[Row], bool]) -> pl.DataFrame:
    return served_throughout(frame([row for row in asked(SOON) if keep(row)]), demands())


def test_none_may_be_lost_where_somebody_answers_before_a_change_and_after_it() -> None:
    """Of these changes that is so of the second alone: nothing is known of the time before the first."""
    assert in_part(lambda row: True).height == round(APART_S / EVERY_S)
    assert in_part(lambda row: row.at_s < APART_S or row.at_s >= 2 * APART_S).is_empty()
