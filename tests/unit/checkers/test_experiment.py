"""Whole experiments, judged by the promises that are in slos/."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from gauntlet.checkers.experiment import CHECKS, judge
from gauntlet.ground.finding import Verdict
from gauntlet.ground.history import Event, EventKind
from gauntlet.promises.slo import BlastRadius
from tests.unit.checkers.experiments import BOOK, DECLARED, EVENTS, KEPT, STICKY, judged, promise, traffic, wrong
from tests.unit.checkers.histories import BACKENDS, Row, event, record, steady


@pytest.mark.parametrize("name", BOOK.experiments)
def test_a_fault_that_nobody_notices_passes_every_promise(name: str) -> None:
    found = judged(name, traffic())
    assert tuple(sorted(found)) == tuple(sorted(CHECKS))
    assert wrong(found) == {}


@pytest.mark.parametrize(
    ("name", "unpromised"),
    [
        ("flush-nat", {"affinity-broken"}),
        ("delete-table", {"affinity-broken", "connections-cut", "udp-flows-lost"}),
    ],
)
def test_a_promised_outage_with_recovery_after_the_remedy_passes_and_is_reported(
    name: str, unpromised: set[str]
) -> None:
    found = judged(name, traffic([(5.03, 13)]))
    assert wrong(found) == {}
    assert found["outage"].figure == pytest.approx(7.97, abs=0.05)
    assert found["recovery"].figure == pytest.approx(1.0, abs=0.05)
    assert found["availability"].figure == pytest.approx(0, abs=0.02)
    assert {check for check, finding in found.items() if finding.verdict is Verdict.MEASURED} == {
        "availability",
        "outage",
        *unpromised,
    }


def test_a_blast_radius_of_everybody_promises_nothing() -> None:
    slo = promise("kill-proxy").model_copy(update={"blast_radius": BlastRadius.CLUSTER})
    history = record([*traffic(), *KEPT], EVENTS)
    judgement = judge(history, slo, "node-1", BACKENDS, DECLARED, reach=BlastRadius.NONE, sticky=STICKY)
    found = {finding.check: finding for finding in judgement}
    assert found["blast-radius"].verdict is Verdict.MEASURED


def test_a_slow_recovery_fails_by_name() -> None:
    assert wrong(judged("flush-nat", traffic([(5.03, 17.5)]))) == {"recovery": Verdict.FAIL}


def test_an_outage_where_none_is_promised_fails() -> None:
    found = judged("kill-proxy", traffic([(6, 6.5)]))
    expected = {"availability", "error-kinds", "blast-radius", "outage", "recovery"}
    assert wrong(found) == dict.fromkeys(expected, Verdict.FAIL)


def test_an_attempt_under_way_when_the_fault_struck_is_the_faults() -> None:
    rows = [*traffic(), Row(4.85, "timeout", 1000, client="client-node-1")]
    found = judged("kill-proxy", rows)
    assert found["control"].verdict is Verdict.PASS
    assert found["availability"].verdict is Verdict.FAIL
    assert found["outage"].verdict is Verdict.FAIL


def test_an_error_on_another_node_breaks_the_blast_radius() -> None:
    found = judged("flush-nat", traffic([(5.03, 6)], hurt=("node-1", "node-2")))
    assert wrong(found) == {"blast-radius": Verdict.FAIL}


def test_a_promise_may_be_stricter_than_what_the_fault_declares() -> None:
    history, mild = record([*traffic([(5.03, 6)]), *KEPT], EVENTS), promise("flush-nat")
    strict = mild.model_copy(update={"blast_radius": BlastRadius.NONE})
    for slo, expected in ((mild, Verdict.PASS), (strict, Verdict.FAIL)):
        found = judge(history, slo, "node-1", BACKENDS, DECLARED, reach=BlastRadius.HURT_NODE, sticky=STICKY)
        assert {each.verdict for each in found if each.check == "blast-radius"} == {expected}


def test_attempts_to_an_address_of_the_hurt_node_are_the_hurt_nodes() -> None:
    rows = [*traffic([(5.03, 13)]), *steady(0, 26, 0.02, client="outer", node=None, bad=[(5.03, 13)])]
    rows = [replace(row, address="10.77.0.11") if row.client == "outer" else row for row in rows]
    assert wrong(judged("flush-nat", rows)) == {"blast-radius": Verdict.FAIL}
    assert wrong(judged("flush-nat", rows, hurt_addresses=frozenset({"10.77.0.11"}))) == {}


def test_an_error_kind_that_is_not_allowed_fails() -> None:
    rows = [replace(row, outcome="bad_reply") if row.outcome == "timeout" else row for row in traffic([(5.03, 13)])]
    assert wrong(judged("flush-nat", rows)) == {"error-kinds": Verdict.FAIL}


def partition(rows: Iterable[Row], missed_elsewhere: Sequence[str]) -> list[Row]:
    return [
        replace(row, outcome="timeout", latency_ms=1000)
        if 5.03 <= row.at_s < 12
        and (row.backend in missed_elsewhere if row.node != "node-1" else row.backend != "backend-1")
        else row
        for row in rows
    ]


def test_a_partition_may_cost_others_the_share_of_the_backends_behind_it() -> None:
    assert wrong(judged("partition-nodes", partition(traffic(), ["backend-1"]))) == {}


def test_a_partition_that_costs_others_more_fails() -> None:
    found = judged("partition-nodes", partition(traffic(), ["backend-1", "backend-2"]))
    assert wrong(found) == {"blast-radius": Verdict.FAIL}


def test_a_partition_without_known_homes_is_inconclusive() -> None:
    rows = [replace(row, backend_node=None) for row in traffic()]
    assert wrong(judged("partition-nodes", rows)) == {"blast-radius": Verdict.INCONCLUSIVE}


def test_a_removed_endpoint_that_still_answers_after_recovery_fails() -> None:
    rows = [
        *(row for row in traffic() if row.at_s < 14 or row.backend != "backend-3"),
        *(replace(row, connection="kept", backend="backend-3") for row in steady(0, 26, 0.02, node="node-2")),
    ]
    gone = frozenset({"backend-3"})
    events = [*EVENTS, event(5.5, EventKind.ENDPOINT_CHANGED)]
    moving = [
        replace(row, backend="backend-1") if row.client == "keeper-node-3" and row.at_s > 6 else row for row in KEPT
    ]
    assert wrong(judged("stop-proxy", rows, events, keepers=moving, removed=gone)) == {}
    stale = Row(20, backend="backend-3", client="client-node-2", node="node-2")
    found = judged("stop-proxy", [*rows, stale], events, keepers=moving, removed=gone)
    assert found["removed-endpoint"].verdict is Verdict.FAIL
    assert found["correctness"].verdict is Verdict.PASS


def test_a_relapse_in_the_window_after_fails() -> None:
    assert judged("flush-nat", traffic([(5.03, 13), (20, 21)]))["after"].verdict is Verdict.FAIL


def test_uneven_balance_after_recovery_fails() -> None:
    rows = [replace(row, backend="backend-1") if row.at_s * 50 % 7 < 3 else row for row in traffic()]
    assert wrong(judged("kill-proxy", rows)) == {"balance": Verdict.FAIL}


def test_slow_replies_after_recovery_fail() -> None:
    rows = [replace(row, latency_ms=150) if row.at_s > 5 else row for row in traffic()]
    assert wrong(judged("kill-proxy", rows)) == {"latency": Verdict.FAIL}


def test_slow_replies_already_before_the_fault_are_inconclusive() -> None:
    rows = [replace(row, latency_ms=150) for row in traffic()]
    assert wrong(judged("kill-proxy", rows))["latency"] is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("missing", [EventKind.FAULT_LANDED, EventKind.FAULT_INJECTED, EventKind.WINDOW_STARTED])
def test_without_its_events_an_experiment_is_inconclusive(missing: EventKind) -> None:
    found = judged("kill-proxy", traffic([(6, 6.5)]), [one for one in EVENTS if one.kind is not missing])
    kept = {"flows", "control", "healed"} if missing is EventKind.FAULT_LANDED else set()
    if missing is EventKind.WINDOW_STARTED:
        assert {finding.remedy for finding in found.values() if finding.check not in ("landed", "held")} <= {
            "first follow the advice of the finding `experiment`",
            "first follow the advice of the finding `flows`",
        }
    if missing is EventKind.FAULT_INJECTED:
        assert found["recovery"].verdict is Verdict.INCONCLUSIVE
        return
    assert wrong(found) == dict.fromkeys(set(CHECKS) - kept, Verdict.INCONCLUSIVE)


def test_a_bad_control_makes_all_that_depends_on_it_inconclusive() -> None:
    found = judged("kill-proxy", traffic([(1, 1.1)]))
    assert wrong(found) == dict.fromkeys(set(CHECKS) - {"flows", "landed", "held", "healed"}, Verdict.INCONCLUSIVE)
    assert found["outage"].figure is not None
    assert "not judged, since control is inconclusive" in found["outage"].reason
    assert found["outage"].remedy == "first follow the advice of the finding `control`"


def test_a_wrong_backend_is_wrong_whatever_else_is_missing() -> None:
    stranger = Row(1, backend="stranger")
    assert judged("kill-proxy", [*traffic(), stranger], [])["correctness"].verdict is Verdict.FAIL
    assert judged("kill-proxy", [*traffic([(1, 2)]), stranger])["correctness"].verdict is Verdict.FAIL


def test_a_fault_that_is_not_shown_healed_is_inconclusive_about_that_alone() -> None:
    events = [one for one in EVENTS if one.kind is not EventKind.FAULT_HEAL_CONFIRMED]
    assert wrong(judged("kill-proxy", traffic(), events)) == {"healed": Verdict.INCONCLUSIVE}


def with_its_end(*end: Event) -> list[Event]:
    """The usual events with another end of the fault."""
    return [*(one for one in EVENTS if one.kind is not EventKind.FAULT_HELD), *end]


def test_a_fault_that_nobody_saw_hold_makes_all_that_depends_on_it_inconclusive() -> None:
    found = judged("flush-nat", traffic([(5.03, 17.5)]), with_its_end())
    assert wrong(found) == dict.fromkeys(set(CHECKS) - {"flows", "control", "landed", "healed"}, Verdict.INCONCLUSIVE)
    assert "nobody looked again" in found["held"].reason
    assert "not judged, since held is inconclusive" in found["recovery"].reason


def test_a_fault_that_was_looked_at_only_after_it_was_undone_is_not_known_to_have_held() -> None:
    late = event(12.05, EventKind.FAULT_HELD)
    found = judged("flush-nat", traffic([(5.03, 13)]), with_its_end(late))
    assert found["held"].verdict is Verdict.INCONCLUSIVE
    assert "undone 0.050 s before" in found["held"].reason


def test_a_recovery_by_itself_needs_a_kube_proxy_that_was_at_rest() -> None:
    rows, over = traffic([(5.03, 11)]), event(11.5, EventKind.FAULT_OVER, detail="it is over by itself")
    found = judged("flush-all-tables", rows, with_its_end(over))
    assert found["held"].verdict is Verdict.INCONCLUSIVE
    assert found["recovery"].verdict is Verdict.INCONCLUSIVE
    assert "not seen at rest" in found["recovery"].reason

    at_rest = event(4.95, EventKind.PROXY_AT_REST)
    assert wrong(judged("flush-all-tables", rows, with_its_end(over, at_rest))) == {}

    too_late = event(5.5, EventKind.PROXY_AT_REST)
    assert judged("flush-all-tables", rows, with_its_end(over, too_late))["held"].verdict is Verdict.INCONCLUSIVE


def test_a_fault_that_ended_only_by_the_remedy_did_not_end_by_itself() -> None:
    events = with_its_end(event(12.5, EventKind.FAULT_OVER), event(4.95, EventKind.PROXY_AT_REST))
    assert judged("flush-all-tables", traffic([(5.03, 11)]), events)["held"].verdict is Verdict.INCONCLUSIVE


def test_no_attempts_at_all_is_inconclusive() -> None:
    found = judged("kill-proxy", [], keepers=[])
    assert wrong(found) == dict.fromkeys(set(CHECKS) - {"landed", "held", "healed"}, Verdict.INCONCLUSIVE)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = traffic([(5.03, 13)])
    assert judged("flush-nat", rows[::-1]) == judged("flush-nat", rows)
