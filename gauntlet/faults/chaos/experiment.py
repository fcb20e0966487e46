"""Runs an experiment file through Chaos Toolkit's library, and says how it went."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaoslib.exceptions import ChaosException
from chaoslib.experiment import ensure_experiment_is_valid, run_experiment
from chaoslib.loader import load_experiment
from chaoslib.run import RunEventHandler
from pydantic import BaseModel

from gauntlet.faults.chaos import watch
from gauntlet.ground import ending
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.errors import Inconclusive, UsageError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.paths import project_root


@dataclass(frozen=True)
class Ran:
    """One run of an experiment. `outputs` maps the name of each step of the method to what it returned.

    `was_steady` is whether the steady state held before the method (None: nobody looked), `injected` whether a fault
    was injected.
    """

    name: str
    status: str
    was_steady: bool | None
    injected: bool
    deviated: bool
    outputs: dict[str, str]
    problems: tuple[str, ...]

    def finding(self) -> Finding:
        """Pass if a fault was injected, every step worked and the steady state held before and afterwards."""
        check, problems = "experiment", "; ".join(self.problems)
        if self.status != "completed":
            reason = f"{self.name} ended as {self.status}: {problems or 'no reason given'}"
            return Finding(check, Verdict.INCONCLUSIVE, reason, remedy="mend what ended it, and run it again")
        if not self.was_steady:
            seen = "was not looked at before" if self.was_steady is None else "did not hold before"
            reason = f"the steady state of {self.name} {seen}: {problems or 'no probe was asked'}"
            return Finding(check, Verdict.INCONCLUSIVE, reason, remedy="see that the node serves before it is hurt")
        if not self.injected:
            reason = f"{self.name} has injected nothing"
            return Finding(check, Verdict.INCONCLUSIVE, reason, remedy="give its method a step that injects a fault")
        if self.deviated:
            reason = f"the steady state of {self.name} did not hold afterwards: {problems}"
            return Finding(check, Verdict.FAIL, reason, remedy="look at kube-proxy and its log on the hurt node")
        return Finding(check, Verdict.PASS, f"{self.name} completed and the steady state held")


def path_of(name: str) -> Path:
    """The file of an experiment. Raises UsageError, which lists the names, where there is none."""
    folder = project_root() / "experiments"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in folder.glob("*.yaml")))
        raise UsageError(f"there is no experiment {name!r}", f"choose one of: {known}")
    return path


def run(
    name: str,
    cluster: Cluster,
    *,
    events: Path,
    node: str = "",
    service: str = "",
    variables: Mapping[str, str | float] | None = None,
) -> Ran:
    """Run `experiments/NAME.yaml` against this cluster, hurting `node` (the first where none is given).

    `variables` override further values of the file's `configuration`. Raises Inconclusive if Chaos Toolkit
    cannot run the file, KeyboardInterrupt (after healing) where the user interrupted it.
    """
    path = path_of(name)
    target = {"kubeconfig": str(cluster.kubeconfig), "events": str(events), "node": node, "service": service}
    given: dict[str, str | float] = {**target, **(variables or {})}
    try:
        experiment = load_experiment(str(path))
        # Its own way of overriding, `experiment_vars`, works once and then asks for the environment again.
        experiment["configuration"] = {**experiment["configuration"], **given}
        # Whoever calls this has traffic of their own.
        experiment["controls"] = [each for each in experiment["controls"] if each["provider"]["module"] != watch.MODULE]
        ensure_experiment_is_valid(experiment)
        end = _EarlyEnd()
        journal = run_experiment(experiment, settings={}, event_handlers=[end])
    except ChaosException as error:
        raise Inconclusive(f"Chaos Toolkit cannot run {path}: {error}", f"try `chaos validate {path}`") from error
    ran = Journal.model_validate(journal).ran(name, end.reason)
    if ending.requested():
        raise KeyboardInterrupt  # which Chaos Toolkit swallows
    return ran


class _EarlyEnd(RunEventHandler):  # type: ignore[misc]
    """Why the experiment was ended before its time; the journal has no step of a steady state that ended it."""

    reason = ""

    def interrupted(self, _experiment: object, _journal: object) -> None:
        """Chaos Toolkit calls this where it handles the exception, and does not hand it over."""
        self.reason = str(sys.exception())


class _Provider(BaseModel):
    func: str = ""


class _Activity(BaseModel):
    name: str = ""
    provider: _Provider = _Provider()


class _Step(BaseModel):
    """One step in Chaos Toolkit's journal."""

    activity: _Activity
    status: str = ""
    output: object = None
    exception: list[str] | None = None
    tolerance_met: bool | None = None

    def problem(self) -> str | None:
        if self.status == "failed":
            return f"{self.activity.name}: {self.exception[-1].strip() if self.exception else 'failed'}"
        return f"{self.activity.name} gave {self.output!r}" if self.tolerance_met is False else None


class _Hypothesis(BaseModel):
    steady_state_met: bool | None = None
    probes: list[_Step] = []


class _SteadyStates(BaseModel):
    before: _Hypothesis | None = None
    after: _Hypothesis | None = None


class Journal(BaseModel):
    """Chaos Toolkit's journal (chaostoolkit.org/reference/api/journal), as far as it is looked at."""

    status: str
    deviated: bool = False
    run: list[_Step] = []
    rollbacks: list[_Step] = []
    steady_states: _SteadyStates = _SteadyStates()

    def ran(self, name: str, ended_by: str) -> Ran:
        states = [state for state in (self.steady_states.before, self.steady_states.after) if state]
        steps = [*self.run, *self.rollbacks, *(probe for state in states for probe in state.probes)]
        problems = tuple(problem for step in steps if (problem := step.problem()))
        if ended_by and not problems:
            problems = (ended_by,)
        outputs = {step.activity.name: str(step.output) for step in self.run}
        before = self.steady_states.before
        was_steady = before.steady_state_met if before else None
        # A rehearsal by Chaos Toolkit (`dry`) lets every step succeed without any output.
        injected = any(
            step.activity.provider.func == "inject" and step.status == "succeeded" and step.output for step in self.run
        )
        return Ran(name, self.status, was_steady, injected, self.deviated, outputs, problems)
