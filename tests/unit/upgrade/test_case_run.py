"""The cases of a phase: whether they ran, and how results.json names them."""

from __future__ import annotations

import pytest

from gauntlet.ground.finding import Verdict
from gauntlet.upgrade.case_run import CaseRun, adopted_findings, adopted_skips, markers
from gauntlet.upgrade.phases import Selection, Task, phases
from gauntlet.upgrade.strategy import Strategy
from tests.unit.upgrade.case_runs import CASE, case_run


def test_cases_that_ran_decide_nothing_by_themselves() -> None:
    found = case_run(Verdict.FAIL).finding()
    assert (found.verdict, found.reason, found.figure) == (Verdict.PASS, "1 fail", 1.0)


@pytest.mark.parametrize(
    "run", [CaseRun(None, "", "pytest was killed"), case_run(), case_run(Verdict.PASS, trouble="2 did not run")]
)
def test_cases_that_did_not_all_run_are_inconclusive(run: CaseRun) -> None:
    assert run.finding().verdict is Verdict.INCONCLUSIVE


def test_the_cases_of_a_phase_carry_its_name_and_their_evidence_is_found() -> None:
    (found,) = adopted_findings(case_run(Verdict.PASS), "faults-to")
    assert (found.case, found.evidence) == (f"upgrade::faults-to::{CASE}", ("cases/phase/run/evidence/x",))
    (skip,) = adopted_skips(case_run(skipped="not there"), "faults-to")
    assert (skip.case, skip.reason) == (f"upgrade::faults-to::{CASE}", "not there")


@pytest.mark.parametrize("selection", [Selection.SMOKE, Selection.GATE, Selection.ALL])
def test_only_while_nodes_differ_no_case_asks_that_they_are_alike(selection: Selection) -> None:
    planned = phases(Strategy.parse("node-by-node").roll(("a", "b", "c")))
    asked = {each.name: markers(each, selection) for each in planned if each.task is Task.CONFORMANCE}
    assert [name for name, words in asked.items() if "not uniform" in words] == ["conformance-mixed"]


def test_the_faults_of_smoke_are_the_gates_chaos() -> None:
    faults = next(each for each in phases(Strategy.parse("node-by-node").roll(("a", "b"))) if each.task is Task.FAULTS)
    assert markers(faults, Selection.SMOKE) == "gate and chaos and not slow"


def test_without_cases_there_is_traffic_alone() -> None:
    assert not {Task.CONFORMANCE, Task.FAULTS} & Selection.NONE.tasks
    assert Selection.GATE.tasks == Selection.ALL.tasks == frozenset(Task)
