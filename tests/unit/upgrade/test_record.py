"""An upgrade as results.json has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import cast

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.providers.protocol import RollingCluster
from gauntlet.upgrade.gate import Plan, Seen
from gauntlet.upgrade.observing import observed
from gauntlet.upgrade.phases import Selection
from gauntlet.upgrade.record import Run, recorded
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.verdict import judge
from tests.unit.upgrade.upgrades import NOT_RUN, PLANNED, SETTING, SUBJECTS, TERMS, passage, seen

NAMES = {side: each.name for side, each in SUBJECTS.items()}
# What is asked of a cluster whose upgrade is over.
CLUSTER = cast(
    RollingCluster,
    SimpleNamespace(
        control_plane_version="1.37.2",
        provider="sandbox",
        kernel="6.18",
        nodes=("node-1", "node-2"),
        subjects=tuple(SUBJECTS.values()),
    ),
)


def test_findings_are_of_their_phase_and_the_answer_has_its_reasons() -> None:
    ended = ["hold-from", "roll-forward"]
    history = seen("roll-forward", ended=ended)
    found = observed(history, passage(), PLANNED, SETTING, TERMS, SUBJECTS)
    measured = Finding("figure", Verdict.MEASURED, "nothing is promised")
    found.append(replace(found[-1], finding=measured))
    judgement = judge(found, missing=PLANNED[2:], today=date(2026, 11, 29))
    run = Run(
        CLUSTER,
        NAMES,
        Strategy.parse("node-by-node"),
        ["gauntlet", "upgrade"],
        datetime.now(UTC),
        ("evidence/upgrade",),
        TERMS.slo.roll.hold_s,
    )
    made = recorded(
        run, Seen(history, tuple(found), judgement, Plan(PLANNED, NOT_RUN, Selection.NONE), "The roll stopped.")
    )
    assert made.names == ("iptables", "nftables")
    assert {(each.case, each.subject) for each in made.findings} == {
        ("upgrade::hold-from", "iptables"),
        ("upgrade::roll-forward", "nftables"),
    }
    assert {each.evidence for each in made.findings} == {("evidence/upgrade",)}
    assert made.upgrade is not None
    assert (made.upgrade.answer, made.upgrade.strategy, made.upgrade.nodes) == ("may not", "node-by-node", 2)
    assert [phase.name for phase in made.upgrade.phases] == ended
    assert made.upgrade.phases[1].after == {"node-1": "nftables", "node-2": "iptables"}
    assert made.upgrade.aftermath == "The roll stopped."
    assert made.upgrade.not_run == tuple(phase.name for phase in NOT_RUN)
    assert made.upgrade.reasons[0].name == "the roll itself: outage: new TCP in roll-forward"
    assert made.upgrade.reasons[0].promise.startswith("roll.outage_s: 0")
    # One fact is one reason: the share of good attempts says nothing more than their outage does.
    assert "availability: new TCP" not in [each.check for each in made.upgrade.reasons]
    assert made.upgrade.reach == ""
    assert made.upgrade.limits[-1].startswith("Not tried, as the options leave them out: conformance-from, ")
    # Beside others, what was only measured needs no word that it decides nothing.
    assert "findings" not in {each.check for each in made.findings}


def test_that_the_smoke_cases_alone_were_asked_is_recorded_with_the_answer() -> None:
    history = seen()
    found = observed(history, passage(), PLANNED, SETTING, TERMS, SUBJECTS)
    judgement = judge(found, today=date(2026, 11, 29))
    began = datetime.now(UTC)
    run = Run(CLUSTER, NAMES, Strategy.parse("node-by-node"), ["gauntlet"], began, (), TERMS.slo.roll.hold_s)
    made = recorded(run, Seen(history, tuple(found), judgement, Plan(PLANNED, (), Selection.SMOKE))).upgrade
    assert made is not None
    assert (made.answer, made.reach) == ("may", "with the cases of smoke alone")
    assert made.limits[0].startswith("Of the cases of conformance the few of smoke alone were asked")
