from __future__ import annotations

import math
import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, ncx2

from gauntlet.checkers.balance import Spread, balance
from gauntlet.checkers.sample import SIGNIFICANCE
from gauntlet.ground.finding import Verdict
from tests.unit.checkers.histories import BACKENDS, EMPTY, Row, frame


def spread(counts: Mapping[str, int], node: str | None = "node-1", connection: str = "new") -> list[Row]:
    names = [name for name, count in counts.items() for _ in range(count)]
    return [
        Row(index / 100, backend=name, node=node, client=f"client-{node}", connection=connection)
        for index, name in enumerate(names)
    ]


def three(first: int, second: int, third: int) -> dict[str, int]:
    return {"backend-1": first, "backend-2": second, "backend-3": third}


def test_even_passes() -> None:
    found = balance(frame(spread(three(110, 100, 90))), BACKENDS)
    assert found.verdict is Verdict.PASS
    assert found.figure == pytest.approx(0.1)


def test_a_skew_above_the_promise_that_passes_says_why() -> None:
    found = balance(frame(spread(three(122, 90, 88))), BACKENDS)
    assert found.verdict is Verdict.PASS
    assert "22% is more than the promised 10%, but within the statistical error of 300 connections" in found.reason
    assert "probability of 0.026" in found.reason


def test_a_skew_within_the_promise_needs_no_excuse() -> None:
    assert "statistical error" not in balance(frame(spread(three(105, 98, 97))), BACKENDS).reason


@pytest.mark.parametrize("total", [130, 300, 3000])
def test_70_20_10_fails(total: int) -> None:
    rows = spread(three(total * 7 // 10, total * 2 // 10, total // 10))
    found = balance(frame(rows), BACKENDS)
    assert found.verdict is Verdict.FAIL
    assert "uneven" in found.reason
    assert any("expected" in line and "seen backend-1" in line for line in found.details)


def test_the_node_with_the_worst_spread_is_named() -> None:
    rows = [*spread(three(100, 100, 100)), *spread(three(210, 60, 30), "node-2")]
    assert balance(frame(rows), BACKENDS).node == "node-2"


def test_a_backend_never_reached_is_named() -> None:
    found = balance(frame(spread(three(150, 150, 0))), BACKENDS)
    assert found.verdict is Verdict.FAIL
    assert "never reached: backend-3" in found.reason


def test_one_of_a_hundred_never_reached_is_named_though_chi_square_would_not_see_it() -> None:
    names = frozenset(f"b{index:03}" for index in range(100))
    rows = spread({name: 160 for name in names if name != "b042"})
    found = balance(frame(rows), names)
    assert "never reached: b042" in found.reason


def test_clients_in_step_with_each_other_are_judged_together() -> None:
    in_step = [*spread(three(0, 150, 150)), *spread(three(150, 0, 0), "node-2")]
    assert balance(frame(in_step), BACKENDS).verdict is Verdict.FAIL
    together = balance(frame(in_step), BACKENDS, each_node=False)
    assert (together.verdict, together.figure) == (Verdict.PASS, 0)
    lopsided = [*spread(three(0, 150, 150)), *spread(three(0, 150, 0), "node-2")]
    assert "never reached: backend-1" in balance(frame(lopsided), BACKENDS, each_node=False).reason


def test_an_uneven_node_is_not_hidden_by_the_others() -> None:
    rows = [*spread(three(1000, 1000, 1000)), *spread(three(110, 55, 35), "node-2")]
    found = balance(frame(rows), BACKENDS)
    assert found.verdict is Verdict.FAIL
    assert "node-2" in found.reason


def test_uneven_nodes_that_are_even_in_sum_fail() -> None:
    rows = [*spread(three(300, 100, 200)), *spread(three(100, 300, 200), "node-2")]
    assert balance(frame(rows), BACKENDS).verdict is Verdict.FAIL


def test_a_tiny_deviation_of_very_many_connections_passes() -> None:
    counts = Spread("all", ("a", "b"), (505_000, 495_000))
    assert counts.p_value < SIGNIFICANCE
    assert balance(frame(spread({"a": 10_500, "b": 9_500})), frozenset("ab")).verdict is Verdict.PASS


@pytest.mark.parametrize("rows", [[], spread(three(4, 4, 4)), spread(three(30, 30, 30)), spread(three(60, 0, 0))])
def test_too_few_connections_are_inconclusive_or_prove_a_miss(rows: list[Row]) -> None:
    expected = Verdict.FAIL if len(rows) == 60 else Verdict.INCONCLUSIVE
    assert balance(frame(rows), BACKENDS).verdict is expected


def test_a_node_with_too_few_or_no_good_connections_is_inconclusive() -> None:
    even = spread(three(200, 200, 200))
    assert balance(frame([*even, *spread(three(2, 2, 2), "node-2")]), BACKENDS).verdict is Verdict.INCONCLUSIVE
    found = balance(frame([*even, Row(0, "timeout", node="node-2")]), BACKENDS)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "node-2" in found.reason


def test_only_new_ok_connections_count() -> None:
    even = spread(three(200, 200, 200))
    kept = spread(three(900, 0, 0), connection="kept")
    failed = [Row(0, "timeout") for _ in range(900)]
    assert balance(frame([*even, *kept, *failed]), BACKENDS).verdict is Verdict.PASS
    assert balance(frame(kept), BACKENDS).verdict is Verdict.INCONCLUSIVE


def test_unknown_backends_and_a_single_backend_are_inconclusive() -> None:
    assert balance(frame(spread({"a": 90, "b": 90, "x": 1})), frozenset("ab")).verdict is Verdict.INCONCLUSIVE
    assert balance(frame(spread({"a": 90})), frozenset("a")).verdict is Verdict.INCONCLUSIVE
    assert balance(EMPTY, BACKENDS).verdict is Verdict.INCONCLUSIVE


def test_clients_outside_form_a_group() -> None:
    found = balance(frame(spread(three(200, 200, 200), None)), BACKENDS)
    assert any(line.startswith("outside:") for line in found.details)


@given(st.lists(st.integers(0, 500), min_size=2, max_size=20).filter(any))
def test_the_p_value_is_that_of_chisquare(counts: list[int]) -> None:
    seen = Spread("all", tuple(f"b{index}" for index in range(len(counts))), tuple(counts))
    assert seen.p_value == pytest.approx(float(chisquare(counts).pvalue), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize(("backends", "connections"), [(2, 59), (3, 126), (10, 714)])
def test_the_power_that_the_docstring_states(backends: int, connections: int) -> None:
    seen = Spread("all", tuple(map(str, range(backends))), (connections, *[0] * (backends - 1)))
    assert 0.99 < seen.visible_skew(SIGNIFICANCE) <= 1.0
    noncentrality = connections / (backends - 1)
    critical = -2 * math.log(SIGNIFICANCE) if backends == 3 else None
    if critical:
        assert ncx2.sf(critical, 2, noncentrality) == pytest.approx(0.99, abs=0.001)


def test_the_exact_chance_of_a_false_alarm_at_the_least_number_of_connections() -> None:
    total, alarm = 126, 0.0
    for first in range(total + 1):
        for second in range(total + 1 - first):
            third = total - first - second
            seen = Spread("all", ("a", "b", "c"), (first, second, third))
            if seen.p_value < SIGNIFICANCE and seen.skew > 0.1:
                ways = math.lgamma(total + 1) - sum(math.lgamma(part + 1) for part in (first, second, third))
                alarm += math.exp(ways - total * math.log(3))
    assert alarm < 3 * SIGNIFICANCE


def test_the_order_of_rows_does_not_matter() -> None:
    rows = spread(three(120, 100, 80))
    shuffled = random.Random(1).sample(rows, len(rows))
    assert balance(frame(shuffled), BACKENDS) == balance(frame(rows), BACKENDS)
