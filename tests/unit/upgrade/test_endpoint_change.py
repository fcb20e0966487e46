"""Whether changes of endpoints took effect while a phase held the cluster, and how soon."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Verdict
from gauntlet.ground.following import Followed, followed
from gauntlet.upgrade.endpoint_change import effect_of, programming_of
from gauntlet.upgrade.programming import (
    Programming,
    compared,
    measured,
    shift,
    slowest,
)
from gauntlet.workload.endpoint_change import Change, Changes, final
from tests.unit.checkers.histories import EMPTY, Row, frame, ns

OLD, NEW = "changing-1", "changing-2"
# Fifty attempts a second.
EVERY_S = 0.02


def rows(*answers: str) -> Sequence[Row]:
    """Attempts from the moment of the change on: `old`, `new`, or an outcome that is not ok."""
    names = {"old": OLD, "new": NEW}
    return [
        Row(number * EVERY_S, backend=names[answer]) if answer in names else Row(number * EVERY_S, outcome=answer)
        for number, answer in enumerate(answers, 1)
    ]


def when(*answers: str, until_s: float = 100.0) -> Followed | None:
    return followed(frame(rows(*answers)), NEW, ns(0), ns(until_s))


def test_a_node_follows_between_the_last_other_attempt_and_the_first_of_three_good_ones() -> None:
    seen = when("old", "old", "new", "new", "new")
    assert seen is not None
    assert (seen.earliest_s, seen.latest_s) == (0.04, 0.06)
    assert seen.latency_s == pytest.approx(0.05)
    assert seen.resolution_s == pytest.approx(0.01)


def test_one_that_follows_before_the_first_attempt_may_have_followed_at_once() -> None:
    seen = when("new", "new", "new")
    assert seen is not None
    assert (seen.earliest_s, seen.latest_s) == (0.0, 0.02)


def test_an_answer_of_the_old_one_after_the_new_ones_is_not_yet_the_effect() -> None:
    seen = when("old", "new", "new", "new", "old", "new", "new", "new")
    assert seen is not None
    assert (seen.earliest_s, seen.latest_s) == (0.10, 0.12)


def test_attempts_that_fail_are_not_the_effect_but_end_nothing() -> None:
    seen = when("old", "refused", "new", "timeout", "new", "new", "new", "timeout")
    assert seen is not None
    assert (seen.earliest_s, seen.latest_s) == (0.08, 0.10)


@pytest.mark.parametrize(
    "answers", [("old",) * 9, ("old", "new", "new"), ("refused",) * 9, ("new", "new", "new", "old"), ()]
)
def test_a_node_that_does_not_follow(answers: tuple[str, ...]) -> None:
    assert when(*answers) is None


def test_what_comes_after_the_next_change_belongs_to_that_one() -> None:
    assert when("old", "new", "new", "new", until_s=0.08) is None
    assert followed(EMPTY, NEW, ns(0), ns(1)) is None


def test_each_change_is_timed_until_the_next_one() -> None:
    seen = {"node-1": frame(rows("old", "new", "new", "new", "new", "old", "old", "old"))}
    first, second = final([Change(NEW, ns(0)), Change(OLD, ns(0.09))], seen)
    assert first.nodes["node-1"].latest_s == pytest.approx(0.04)
    assert second.nodes["node-1"].latest_s == pytest.approx(0.03)
    assert not first.missing
    assert not second.missing


def test_a_change_that_one_node_does_not_follow_fails() -> None:
    seen = {"node-1": frame(rows(*("new",) * 9)), "node-2": frame(rows(*("old",) * 9))}
    made = final([Change(NEW, ns(0))], seen)
    found = effect_of(Changes(made))
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert "changing-2: node-2" in found.reason
    assert programming_of(Changes(made)).slowest == ()


def test_changes_that_all_nodes_follow_pass_and_the_slowest_is_the_figure() -> None:
    seen = {"node-1": frame(rows("new", "new", "new")), "node-2": frame(rows("old", "new", "new", "new"))}
    changes = Changes(final([Change(NEW, ns(0))], seen))
    found = effect_of(changes)
    assert found.verdict is Verdict.PASS
    assert found.figure == pytest.approx(0.04)
    assert [each.latest_s for each in programming_of(changes).slowest] == [pytest.approx(0.04)]


def test_changes_that_could_not_be_made_are_inconclusive() -> None:
    found = effect_of(Changes((Change(NEW, ns(0)),), GauntletError("no answer from the API server")))
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, "no answer from the API server")


def taking(*latencies_s: float) -> Programming:
    """Latencies that are known to a hundredth of a second."""
    return slowest([{"node-1": Followed(each - 0.01, each + 0.01)} for each in latencies_s])


TODAY = taking(0.10, 0.12, 0.11, 0.14, 0.09, 0.13, 0.10, 0.12)


def later(by_s: float) -> Programming:
    return taking(*(each + by_s for each in TODAY.latencies_s))


@pytest.mark.parametrize(
    ("following", "verdict"),
    [
        (TODAY, Verdict.PASS),
        (later(0.1), Verdict.PASS),
        (later(0.3), Verdict.FAIL),
        # On either side of what is promised.
        (later(0.2), Verdict.INCONCLUSIVE),
        (later(-0.08), Verdict.PASS),
        # One change that was late by chance.
        (taking(*TODAY.latencies_s[1:], 1.1), Verdict.PASS),
        (taking(0.5), Verdict.INCONCLUSIVE),
        (Programming(), Verdict.INCONCLUSIVE),
    ],
)
def test_the_next_one_may_be_as_much_slower_as_is_promised(following: Programming, verdict: Verdict) -> None:
    assert compared(TODAY, following, 0.2).verdict is verdict


def test_the_difference_comes_with_its_error_and_both_distributions() -> None:
    found = compared(TODAY, later(0.3), 0.2)
    assert found.figure == pytest.approx(0.3)
    assert found.resolution is not None
    assert 0.02 <= found.resolution < 0.1
    assert (
        "8 changes of endpoints were in effect on all nodes within 390 to 440 ms, half of them within" in found.reason
    )
    assert "today's: 8 changes of endpoints were in effect on all nodes within 90 to 140 ms" in found.reason
    assert "longer by 300 ms" in found.reason


def test_without_todays_or_a_promise_nothing_is_compared() -> None:
    assert compared(Programming(), TODAY, 0.2).verdict is Verdict.INCONCLUSIVE
    assert compared(TODAY, later(3), None).verdict is Verdict.MEASURED
    assert measured(TODAY).figure == pytest.approx(0.115)


def test_the_interval_is_that_of_the_mann_whitney_test() -> None:
    # Of two samples of eight the test at 5 % lets 13 of the 64 differences lie outside at each end (its tables).
    low, middle, high = shift([0.0] * 8, [float(number) for number in range(8)])
    assert (low, middle, high) == (1.0, 3.5, 6.0)
