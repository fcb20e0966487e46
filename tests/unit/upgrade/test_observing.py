"""From the record of an upgrade to what is said of its phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, History, attempts
from gauntlet.upgrade.observing import as_control, as_crowded, as_hurt, observed
from gauntlet.upgrade.roll_cost import Setting
from gauntlet.upgrade.verdict import Concern, Observation
from tests.unit.checkers.histories import BACKENDS, Row, frame
from tests.unit.upgrade.upgrades import LENGTH_S, PLANNED, SETTING, SUBJECTS, TERMS, passage, seen, start_s


def failures(observations: list[Observation]) -> list[tuple[str, str, Concern, str]]:
    return [
        (each.phase, each.finding.check, each.concern, each.subject)
        for each in observations
        if each.finding.verdict is not Verdict.PASS
    ]


def test_a_sound_upgrade_has_findings_of_all_phases_and_no_failure() -> None:
    found = observed(seen(), passage(), PLANNED, SETTING, TERMS, SUBJECTS)
    assert failures(found) == []
    assert list(dict.fromkeys(each.phase for each in found)) == [phase.name for phase in PLANNED]
    assert {each.phase for each in found if each.finding.check == "ready"} == {
        *("roll-forward", "roll-forward-rest", "roll-back", "roll-again")
    }


@pytest.mark.parametrize(
    ("phase", "concern", "whose"),
    [
        ("roll-forward", Concern.ROLL, "nftables"),
        ("mixed", Concern.ROLL, "nftables"),
        ("hold-to", Concern.WORSE, "nftables"),
        ("roll-back", Concern.WAY_BACK, "iptables"),
        ("hold-back", Concern.WAY_BACK, "iptables"),
    ],
)
def test_what_failed_belongs_to_its_phase_alone(phase: str, concern: Concern, whose: str) -> None:
    found = observed(seen(phase), passage(), PLANNED, SETTING, TERMS, SUBJECTS)
    assert failures(found) == [
        (phase, "availability: new TCP", concern, whose),
        (phase, "outage: new TCP", concern, whose),
    ]


def test_what_failed_before_anything_was_replaced_is_inconclusive() -> None:
    found = observed(seen("hold-from"), passage(), PLANNED, SETTING, TERMS, SUBJECTS)
    blocking = [each.finding for each in found if each.finding.verdict.blocks]
    assert {each.verdict for each in blocking} == {Verdict.INCONCLUSIVE}
    assert all(each.reason.startswith("before anything was replaced") for each in blocking)


def test_as_control_leaves_everything_but_failures_alone() -> None:
    for verdict in set(Verdict) - {Verdict.FAIL}:
        finding = Finding("outage", verdict, "so it is")
        assert as_control(finding) == finding


def test_what_faults_cost_this_traffic_is_not_held_against_the_roll() -> None:
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        assert as_hurt(Finding("outage: new TCP", verdict, "out")).verdict is Verdict.MEASURED
        assert as_hurt(Finding("correctness", verdict, "answered by another")).verdict is verdict
    assert as_hurt(Finding("outage: new TCP", Verdict.PASS, "never")).verdict is Verdict.PASS


def test_beside_cases_attempts_may_be_further_apart_and_none_may_fail() -> None:
    apart = Finding("resolution", Verdict.INCONCLUSIVE, "0.2 s apart", 0.2)
    assert (as_crowded(apart).verdict, as_crowded(apart).figure) == (Verdict.MEASURED, 0.2)
    for check in ("outage: new TCP", "availability: new TCP", "flows", "correctness"):
        for verdict in Verdict:
            assert as_crowded(Finding(check, verdict, "so it is")).verdict is verdict


def test_what_is_left_behind_is_named_with_its_promise() -> None:
    found = observed(seen(), passage(["hold-back"]), PLANNED, SETTING, TERMS, SUBJECTS)
    assert failures(found) == [("hold-back", "residue", Concern.LEFT_BEHIND, "iptables")]
    (finding,) = (each.finding for each in found if each.finding.verdict is Verdict.FAIL)
    assert finding.promise.startswith("left_behind: 0 (slos/upgrade.yaml:")


def test_what_stays_is_reported_once() -> None:
    found = observed(seen(), passage(["roll-back", "hold-back", "roll-again"]), PLANNED, SETTING, TERMS, SUBJECTS)
    failed = [each.phase for each in found if each.finding.verdict is Verdict.FAIL]
    assert failed == ["roll-back"]
    counts = {each.phase: each.finding.figure for each in found if each.finding.check == "residue"}
    assert counts["hold-back"] == counts["roll-back"]


def test_what_was_there_before_anything_was_replaced_nobody_left_behind() -> None:
    found = observed(seen(), passage(["hold-from", "roll-forward"]), PLANNED, SETTING, TERMS, SUBJECTS)
    before = next(each.finding for each in found if (each.phase, each.finding.check) == ("hold-from", "residue"))
    assert before.verdict is Verdict.INCONCLUSIVE
    assert before.reason.startswith("before anything was replaced: 2 left behind")
    assert [each.phase for each in found if each.finding.verdict is Verdict.FAIL] == []


def test_a_roll_that_stopped_says_why_and_later_phases_have_no_findings() -> None:
    ended = ["hold-from", "roll-forward"]
    trouble = Finding("replacement", Verdict.FAIL, "it does not serve")
    stopped = replace(passage(), findings={"roll-forward": (trouble,)})
    found = observed(seen(ended=ended), stopped, PLANNED, SETTING, TERMS, SUBJECTS)
    assert list(dict.fromkeys(each.phase for each in found)) == ended
    assert failures(found) == [("roll-forward", "replacement", Concern.ROLL, "nftables")]


def test_flows_that_stop_one_after_the_other_at_the_end_are_not_silent() -> None:
    over = LENGTH_S * len(PLANNED)
    late = frame(Row(over + number * 0.05, client="client-2") for number in range(100))
    whole = seen()
    longer = History(pl.concat([whole.attempts, late]), whole.events)
    assert failures(observed(longer, passage(), PLANNED, SETTING, TERMS, SUBJECTS)) == []


def test_what_was_seen_of_the_kube_proxies_belongs_to_its_phase() -> None:
    dead = Finding("kube-proxy", Verdict.FAIL, "node-1: kube-proxy has ended")
    for phase, verdict in (("hold-to", Verdict.FAIL), ("hold-from", Verdict.INCONCLUSIVE)):
        found = observed(seen(), replace(passage(), findings={phase: (dead,)}), PLANNED, SETTING, TERMS, SUBJECTS)
        assert [(each.phase, each.finding.verdict) for each in found if each.finding.check == "kube-proxy"] == [
            (phase, verdict)
        ]


def upgraded(rows: Sequence[Row], connection: tuple[str, str]) -> dict[tuple[str, str], Verdict]:
    """The findings of an upgrade with these attempts instead, of one kind of connection."""
    made = [row.row() | {"protocol": connection[0], "connection": connection[1]} for row in rows]
    flows = (DeclaredFlow(**{name: made[0][name] for name in DeclaredFlow.__dataclass_fields__}),)  # type: ignore[arg-type]
    setting = Setting(flows, BACKENDS, sticky={"test/web": 100.0})
    whole = History(attempts(made), seen().events)
    found = observed(whole, passage(), PLANNED, setting, TERMS, SUBJECTS)
    return {(each.phase, each.finding.check): each.finding.verdict for each in found}


def every_50_ms(until_s: float) -> list[Row]:
    return [Row(number * 0.05) for number in range(round(until_s / 0.05))]


def test_what_befalls_a_flow_across_the_edge_of_a_phase_is_of_the_phase_in_which_it_was_seen() -> None:
    over, edge = LENGTH_S * len(PLANNED), start_s("roll-forward")
    moved = [replace(row, backend="backend-2") if row.at_s >= edge else row for row in every_50_ms(over)]
    proof = [replace(row, client="client-2", at_s=row.at_s + 0.01) for row in every_50_ms(over)]
    found = upgraded([*moved, *proof], ("udp", "kept"))
    assert {phase for (phase, check), verdict in found.items() if verdict is Verdict.FAIL} == {"roll-forward"}
    assert found["roll-forward", "udp-flows-moved"] is Verdict.FAIL
    assert found["roll-forward", "affinity-broken: test/web"] is Verdict.FAIL
    cut = [replace(row, outcome="reset") if row.at_s == edge else row for row in every_50_ms(over)]
    assert upgraded(cut, ("tcp", "kept"))["roll-forward", "connections-cut"] is Verdict.FAIL


def test_an_attempt_that_hangs_from_before_the_roll_into_it_is_of_the_roll() -> None:
    edge = start_s("roll-forward")
    hung = Row(edge - 0.05, "timeout", 1000)
    rows = [row for row in every_50_ms(LENGTH_S * len(PLANNED)) if not edge - 0.06 < row.at_s < edge + 0.95]
    found = upgraded([*rows, hung], ("tcp", "new"))
    assert found["roll-forward", "outage: new TCP"] is Verdict.FAIL
    assert found["hold-from", "outage: new TCP"] is Verdict.PASS


def test_a_flow_that_is_silent_at_the_end_of_each_phase_or_across_its_edge_is_seen() -> None:
    over = LENGTH_S * len(PLANNED)
    stopping = [row for row in every_50_ms(over) if row.at_s % LENGTH_S < 3]
    found = upgraded(stopping, ("tcp", "new"))
    assert {found[phase.name, "flows"] for phase in PLANNED} == {Verdict.INCONCLUSIVE}
    edges = [row for row in every_50_ms(over) if 1.9 < row.at_s % LENGTH_S < 8.1]
    found = upgraded(edges, ("tcp", "new"))
    assert {found[phase.name, "resolution"] for phase in PLANNED} == {Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_a_node_that_is_not_ready_fails_only_if_its_kube_proxy_was_tried(verdict: Verdict) -> None:
    whole = seen(ended=["hold-from", "roll-forward"])
    events = whole.events.filter(pl.col("kind") != "proxy_replaced")
    trouble = replace(passage(), findings={"roll-forward": (Finding("replacement", verdict, "so it was"),)})
    found = observed(History(whole.attempts, events), trouble, PLANNED, SETTING, TERMS, SUBJECTS)
    assert [each.finding.verdict for each in found if each.finding.check == "ready"] == [verdict]
