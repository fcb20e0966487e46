"""From the record of an upgrade to what is said of its phases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import History
from gauntlet.upgrade.observing import as_control, observed
from gauntlet.upgrade.verdict import Concern, Observation
from tests.unit.checkers.histories import Row, frame
from tests.unit.upgrade.upgrades import LENGTH_S, PLANNED, SETTING, SUBJECTS, TERMS, passage, seen


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
