from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.checkers.outage import outage, outages
from gauntlet.ground import history
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import Event, EventKind
from tests.unit.checkers.histories import EMPTY, Row, frame, ns, steady


def dropped(start_s: float, length_s: float, *, rate: float, timeout_s: float, seed: int = 0) -> list[Row]:
    """Five seconds of Poisson traffic against a rule that drops everything for `length_s`.

    A SYN is sent at once, and again 1 s and 3 s later (RFC 6298); the attempt fails at its time-out.
    """
    chance = random.Random(seed)
    at_s, rows = 0.0, []
    while at_s < 5 + length_s:
        at_s += chance.expovariate(rate)
        sent = next((wait for wait in (0.0, 1.0, 3.0) if not start_s <= at_s + wait < start_s + length_s), 7.0)
        if sent >= timeout_s:
            rows.append(Row(at_s, "timeout", timeout_s * 1000, None))
        else:
            rows.append(Row(at_s, latency_ms=sent * 1000 + chance.uniform(0.5, 3)))
    return rows


@pytest.mark.parametrize("length_s", [0.05, 0.2, 0.5, 2.0])
@pytest.mark.parametrize("timeout_s", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(10))
def test_a_rule_that_drops_is_measured_to_20_ms(length_s: float, timeout_s: float, seed: int) -> None:
    rows = dropped(2.0, length_s, rate=300, timeout_s=timeout_s, seed=seed)
    found = outages(frame(rows), hold_s=1.0, slow_after_ms=900)
    assert len(found) == 1
    spell = found[0].spell
    assert abs(spell.length_s - length_s) <= 0.020
    assert abs(spell.length_s - length_s) <= spell.resolution_s + 1e-6


def test_a_lost_syn_that_ends_well_counts_only_with_slow_after_ms() -> None:
    rows = frame(dropped(2.0, 0.05, rate=300, timeout_s=3.0))
    assert outages(rows, hold_s=1.0) == []
    assert len(outages(rows, hold_s=1.0, slow_after_ms=900)) == 1


def test_the_error_is_below_10_ms_on_average() -> None:
    found = [
        outages(frame(dropped(2.0, 0.2, rate=300, timeout_s=1.0, seed=seed)), hold_s=1.0)[0].spell.length_s
        for seed in range(30)
    ]
    assert sum(abs(length - 0.2) for length in found) / len(found) < 0.010


def test_no_data_is_inconclusive() -> None:
    assert outage(EMPTY, hold_s=1).verdict is Verdict.INCONCLUSIVE
    assert outage(frame(steady(0, 1)), hold_s=1, since_ns=ns(2)).verdict is Verdict.INCONCLUSIVE


def test_no_hurt_attempt_is_no_outage() -> None:
    found = outage(frame(steady(0, 5)), hold_s=1, at_most_s=0)
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)


def test_longer_than_promised_fails() -> None:
    found = outage(frame(steady(0, 9, bad=[(2, 4)])), hold_s=1, at_most_s=1)
    assert found.verdict is Verdict.FAIL
    assert found.figure == pytest.approx(2, abs=0.02)


def test_a_single_failed_attempt_breaks_a_promise_of_none() -> None:
    assert outage(frame([*steady(0, 5), Row(2.5051, "timeout")]), hold_s=1, at_most_s=0).verdict is Verdict.FAIL


def test_shorter_than_promised_passes() -> None:
    assert outage(frame(steady(0, 9, bad=[(2, 4)])), hold_s=1, at_most_s=3).verdict is Verdict.PASS


def test_without_a_promise_no_outage_is_measured_too() -> None:
    assert outage(frame(steady(0, 5)), hold_s=1).verdict is Verdict.MEASURED


def test_without_a_promise_the_figure_is_measured() -> None:
    found = outage(frame(steady(0, 9, bad=[(2, 9)])), hold_s=1)
    assert found.verdict is Verdict.MEASURED
    assert "not over when the history ends" in found.reason


def test_a_bracket_around_the_promise_is_inconclusive() -> None:
    assert outage(frame(steady(0, 9, 0.5, bad=[(2, 4)])), hold_s=1, at_most_s=2).verdict is Verdict.INCONCLUSIVE


def test_an_attempt_under_way_when_the_fault_struck_counts_from_the_fault() -> None:
    rows = [*steady(0, 2), Row(1.9, "timeout", 1000), *steady(2, 9, bad=[(2, 2.5)])]
    found = outages(frame(rows), hold_s=1, since_ns=ns(2))
    assert [outage.spell.first_ns for outage in found] == [ns(2)]
    assert found[0].spell.length_s == pytest.approx(0.5, abs=0.02)


def test_failures_over_before_the_fault_are_left_out() -> None:
    rows = [*steady(0, 9), Row(0.5051, "refused", 1)]
    assert outages(frame(rows), hold_s=1, since_ns=ns(2)) == []


def test_a_relapse_within_the_hold_time_is_the_same_outage() -> None:
    rows = frame(steady(0, 12, bad=[(2, 3), (3.5, 4)]))
    assert len(outages(rows, hold_s=1)) == 1
    assert len(outages(rows, hold_s=0.3)) == 2


def test_the_worst_flow_is_the_figure() -> None:
    rows = [*steady(0, 9, bad=[(2, 2.5)]), *steady(0, 9, client="client-2", node="node-2", bad=[(2, 4)])]
    found = outage(frame(rows), hold_s=1)
    assert found.figure == pytest.approx(2, abs=0.02)
    assert "client-2" in found.reason


def test_clock_ties_are_read_as_hurt() -> None:
    rows = [*steady(0, 5), Row(2, "timeout"), Row(2, "timeout"), Row(2)]
    spell = outages(frame(rows), hold_s=1)[0].spell
    assert (spell.first_ns, spell.last_ns, spell.hurt) == (ns(2), ns(2), 2)
    assert spell.after_ns == ns(2.01)


@given(
    start_s=st.floats(0.5, 2), length_s=st.floats(0.02, 3), begins=st.lists(st.floats(0, 8), min_size=30, max_size=300)
)
def test_the_truth_lies_within_the_resolution(start_s: float, length_s: float, begins: list[float]) -> None:
    rows = [Row(at_s, "timeout" if start_s <= at_s < start_s + length_s else "ok") for at_s in begins]
    for found in outages(frame(rows), hold_s=5):
        if found.spell.over and found.spell.before_ns is not None:
            assert abs(found.spell.length_s - length_s) <= found.spell.resolution_s + 1e-6


@given(st.permutations(dropped(2.0, 0.5, rate=10, timeout_s=1.0)))
def test_the_order_of_rows_does_not_matter(rows: list[Row]) -> None:
    expected = outage(frame(dropped(2.0, 0.5, rate=10, timeout_s=1.0)), hold_s=1)
    assert outage(frame(rows).sample(fraction=1, shuffle=True, seed=1), hold_s=1) == expected


class TestDeeds:
    """Attempts each 10 ms; of two stretches, less than `hold_s` apart, each is hurt."""

    ROWS = steady(0, 9, bad=[(2, 2.3), (4, 4.7)])

    @staticmethod
    def lengths(rows: Sequence[Row], *deeds_s: float) -> list[float]:
        found = outages(frame(rows), hold_s=2, deeds_ns=[ns(each) for each in deeds_s])
        return [round(each.spell.length_s, 1) for each in found]

    def test_what_follows_a_deed_is_another_outage_if_the_flow_was_good_by_then(self) -> None:
        assert self.lengths(self.ROWS) == [2.7]
        assert self.lengths(self.ROWS, 1.9, 3.9) == [0.7, 0.3]

    def test_an_attempt_that_the_deed_met_under_way_belongs_to_the_outage_after_it(self) -> None:
        assert self.lengths(self.ROWS, 4.3) == [0.7, 0.3]

    def test_a_flow_that_was_not_good_by_then_is_still_in_the_same_outage(self) -> None:
        assert self.lengths(steady(0, 9, bad=[(2, 4.7)]), 3.0) == [2.7]

    def test_without_a_deed_in_between_it_is_one_outage(self) -> None:
        assert self.lengths(self.ROWS, 1.9, 2.1, 8.0) == [2.7]


def test_an_outage_is_told_with_the_deed_that_it_began_at_or_after() -> None:
    deeds = history.events(
        Event(EventKind.PROXY_STOPPED, "old", node, at_ns=ns(at_s)).row() for node, at_s in (("one", 1.1), ("two", 4.0))
    )
    bad = Row(1.05, "timeout", 1000, None), Row(1.15, "timeout", 1000, None), Row(3.0, "timeout", 1000, None)
    told = outage(frame([Row(1.0), *bad, Row(3.1)]), hold_s=2, events=deeds, origin_ns=ns(0.5))
    # It had begun when the kube-proxy was stopped, and that of the other node had nothing to do with it.
    assert "from +0.550 s, 3 attempts hurt, at proxy_stopped old on one" in told.reason
    later = outage(frame([Row(1.0), bad[2], Row(3.1)]), hold_s=2, events=deeds)
    assert "from +0.000 s, 1 attempts hurt, 1.900 s after proxy_stopped old on one" in later.reason
    before = outage(frame([bad[0], Row(1.08)]), hold_s=2, events=deeds)
    assert "nothing had been done before" in before.reason
