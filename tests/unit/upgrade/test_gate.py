"""The plan of an upgrade: what is run of it, and what is not."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gauntlet.ground import ending
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade import gate
from gauntlet.upgrade.gate import NAME, Plan, broken_off, interruption
from gauntlet.upgrade.passage import Conductor
from gauntlet.upgrade.phases import CASES, Extent, Selection, Side, Task, phases
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.terms import Terms
from tests.unit.upgrade.upgrades import PLANNED, SETTING, SUBJECTS

NODES = ("node-1", "node-2")
STRATEGY = Strategy.parse("node-by-node")
PHASES = {phase.name: phase for phase in phases(STRATEGY.roll(NODES))}
TERMS = Terms.read(project_root() / "slos")
NOTHING = SimpleNamespace(make=None)
NAMES = {Side.FROM: "a", Side.TO: "b"}


def test_what_a_quick_one_leaves_out_is_not_run() -> None:
    whole, quick = (Plan.of(NODES, STRATEGY, extent, Selection.GATE) for extent in (Extent.WHOLE, Extent.QUICK))
    assert whole.not_run == ()
    assert {phase.name for phase in quick.not_run} == {
        *("faults-from", "faults-to"),
        *("roll-back", "hold-back", "conformance-back", "roll-again"),
    }
    every = sorted(phase.name for phase in phases(STRATEGY.roll(NODES)))
    assert all(sorted(phase.name for phase in (*plan.run, *plan.not_run)) == every for plan in (whole, quick))


def test_without_cases_only_rolls_and_holds_are_run() -> None:
    plan = Plan.of(NODES, STRATEGY, Extent.WHOLE, Selection.NONE)
    assert {phase.task for phase in plan.run} == {Task.HOLD, Task.ROLL}
    assert {phase.task for phase in plan.not_run} == CASES


def test_what_is_kept_of_an_interrupted_one_can_be_found(tmp_path: Path) -> None:
    said = interruption("roll-back", Evidence(tmp_path, NAME), tmp_path)
    assert said.startswith("interrupted in roll-back: it decides nothing, and what was over by then is judged; ")
    assert said.endswith(f"evidence/upgrade, below {tmp_path}")
    early = interruption("", Evidence(tmp_path, NAME), tmp_path)
    assert early.startswith("interrupted in the preparation: nothing is decided; ")


def test_one_that_was_broken_off_decides_nothing_and_says_by_what() -> None:
    phase = PHASES["roll-forward"]
    interrupted = broken_off(phase, KeyboardInterrupt(), NAMES).finding
    failed = broken_off(phase, GauntletError("the disk is full", "make room"), NAMES).finding
    assert (interrupted.check, interrupted.verdict) == ("broken-off", Verdict.INCONCLUSIVE)
    assert "interrupted" in interrupted.reason
    assert (failed.verdict, failed.reason, failed.remedy) == (Verdict.INCONCLUSIVE, "the disk is full", "make room")


@pytest.mark.parametrize(
    ("phase", "whose"),
    [("conformance-from", "a"), ("mixed", "b"), ("hold-to", "b"), ("roll-back", "a"), ("roll-again", "b")],
)
def test_that_it_was_broken_off_is_said_of_the_kube_proxy_of_the_phase(phase: str, whose: str) -> None:
    found = broken_off(PHASES[phase], KeyboardInterrupt(), NAMES)
    assert (found.phase, found.subject) == (phase, whose)


def test_one_that_is_told_to_end_when_all_phases_are_over_is_not_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To end its flows takes some seconds."""

    @contextmanager
    def told_while_it_ends(*_: object) -> Iterator[Any]:
        yield SimpleNamespace(flows=(), setting=SETTING, broken=[], offer=SimpleNamespace(change=NOTHING, churn=None))
        ending._asked(signal.SIGINT, None)

    monkeypatch.setattr(ending, "_state", ending._State())
    monkeypatch.setattr(gate, "flowing", told_while_it_ends)
    monkeypatch.setattr(gate, "ApiWatch", lambda *_: nullcontext())
    monkeypatch.setattr(gate, "Api", lambda *_, **__: None)
    cluster, dns = cast(Any, SimpleNamespace(api=None, nodes=())), cast(Any, SimpleNamespace(absence=list))
    plan = Plan(PLANNED, (), Selection.GATE)
    monkeypatch.setattr(Conductor, "take", lambda conductor, planned, *_: conductor._taken.extend(planned))
    found = gate.pass_through(cluster, SUBJECTS, plan, TERMS, tmp_path, cast(Any, None), dns, lambda _: None)
    assert ending.requested()
    assert found.ended_by is None
