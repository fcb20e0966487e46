"""The upgrade gate: one cluster as today's, taken to the next kube-proxy and back under traffic, and the judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from gauntlet.ground import ending
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import EventKind, History
from gauntlet.kube.api import Api
from gauntlet.providers.protocol import RollingCluster
from gauntlet.subject import Subject
from gauntlet.traffic import Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.api_watch import ANSWER_S, ApiWatch, away_in
from gauntlet.upgrade.case_changes import case_changes, known_defects
from gauntlet.upgrade.case_run import CaseRun, RunCases
from gauntlet.upgrade.figures import figures_of
from gauntlet.upgrade.observing import observed
from gauntlet.upgrade.passage import Conductor, Say
from gauntlet.upgrade.phases import Extent, Phase, Selection, Side, phase_times, phases
from gauntlet.upgrade.recovery import Recovery
from gauntlet.upgrade.resolver import Dns
from gauntlet.upgrade.roll_traffic import RollTraffic, flowing
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.terms import Terms
from gauntlet.upgrade.undoing import BROKEN_OFF, OnFailure, aftermath
from gauntlet.upgrade.verdict import Concern, Judgement, Observation, judge

NAME = "upgrade"


@dataclass(frozen=True)
class Plan:
    """The phases that are run, those of a whole upgrade that were left out, and which cases they have."""

    run: tuple[Phase, ...]
    not_run: tuple[Phase, ...]
    selection: Selection

    @classmethod
    def of(cls, nodes: Sequence[str], strategy: Strategy, extent: Extent, selection: Selection) -> Plan:
        """The phases as far as the extent goes; without those of cases if none is selected."""
        roll = strategy.roll(nodes)
        run = tuple(phase for phase in phases(roll, extent) if phase.task in selection.tasks)
        return cls(run, tuple(phase for phase in phases(roll, Extent.WHOLE) if phase not in run), selection)

    def after(self, taken: Sequence[Phase]) -> Plan:
        """As it came: the phases that were begun, with those that undid a roll, and then those that were not."""
        names = {phase.name for phase in taken}
        return replace(self, run=(*taken, *(phase for phase in self.run if phase.name not in names)))


@dataclass(frozen=True)
class Seen:
    """What came of an upgrade. `plan` has its phases as they came, `cases` pytest's by the name of their phase.

    `aftermath` says what became of a roll that stopped, `ended_by` what broke the upgrade off; None if nothing did.
    """

    history: History
    observations: tuple[Observation, ...]
    judgement: Judgement
    plan: Plan
    aftermath: str = ""
    ended_by: BaseException | None = None
    cases: Mapping[str, CaseRun] = field(default_factory=dict)


def interruption(phase: str, evidence: Evidence, folder: Path) -> str:
    """What is said of an upgrade that was interrupted: in which phase, and what there is of it and where."""
    kept = f"{evidence.extent()}, below {folder}"
    if not phase:
        return f"interrupted in the preparation: nothing is decided; {kept}"
    return f"interrupted in {phase}: it decides nothing, and what was over by then is judged; {kept}"


def pass_through(
    cluster: RollingCluster,
    subjects: Mapping[Side, Subject],
    plan: Plan,
    terms: Terms,
    folder: Path,
    run_cases: RunCases,
    dns: Dns,
    say: Say,
    on_failure: OnFailure = OnFailure.ROLL_BACK,
) -> Seen:
    """Take the cluster, which runs today's kube-proxy, through the phases of the plan, and judge what traffic saw.

    Attempts and events are kept below `folder`, also if it ends by an error or is interrupted. A flow that breaks, or a
    node that cannot be audited, is inconclusive; the rest is judged. So are the phases that were over when it was
    interrupted, or ended by an error: then `Seen.ended_by` has it, for the caller to raise. Before the first phase
    there is nothing to judge, and it is raised here. Clients resolve a name by `dns`, if there is one.
    """
    evidence = Evidence(folder, NAME)
    api = Api(cluster.api)
    promised = terms.promised.slo.roll
    conductor = Conductor(cluster, subjects, evidence.events, promised.hold_s + 1, run_cases, say, on_failure)
    stream: RollTraffic | None = None
    ended_by: BaseException | None = None
    try:
        with (
            Traffic(evidence.folder / "traffic") as traffic,
            flowing(cluster, api, traffic, evidence, dns) as stream,
            ApiWatch(Api(cluster.api, answer_s=ANSWER_S), evidence.events) as watch,
        ):
            recovery = Recovery(stream.flows, cluster.nodes, promised.hold_s)
            conductor.take(plan.run, stream.offer.change.make, stream.offer.churn, recovery.wait, watch)
            # All is seen: a signal that comes now keeps nobody from judging and writing it.
            ending.close()
    except (KeyboardInterrupt, GauntletError) as error:
        if isinstance(error, KeyboardInterrupt):
            say(interruption(conductor.phase, evidence, folder))
        if stream is None or not conductor.phase:
            raise
        ended_by = error
    finally:
        evidence.save()
    assert stream is not None
    history, passage = evidence.history(), conductor.passage
    came = plan.after(passage.taken)
    names = {side: subject.name for side, subject in subjects.items()}
    found = observed(history, passage, came.run, stream.setting, terms.promised, subjects)
    found += [Observation("traffic", Concern.ROLL, each, subject=subjects[Side.TO].name) for each in stream.broken]
    found += [Observation(came.run[0].name, Concern.ROLL, each, subject=names[Side.FROM]) for each in dns.absence()]
    if ended_by is not None:
        found.append(broken_off(passage.taken[-1], ended_by, names))
    over = {name for name, _ in phase_times(history.events, EventKind.PHASE_ENDED)}
    away = away_in(history.events)
    changes = case_changes(passage.cases, came.run, subjects, terms.promised.slo.worse, away)
    found += changes.observations
    found += figures_of(history, passage, came.run, terms.promised, names)
    judgement = judge(
        found,
        changes.notes,
        missing=[phase for phase in came.run if phase.name not in over],
        acceptances=terms.acceptances,
        known_defects=known_defects(passage.cases, came.run),
        subject=subjects[Side.TO].name,
        today=datetime.now(UTC).date(),
    )
    return Seen(history, tuple(found), judgement, came, aftermath(passage.taken, found, names), ended_by, passage.cases)


def broken_off(phase: Phase, error: BaseException, names: Mapping[Side, str]) -> Observation:
    """That an upgrade was not taken to its end but to this phase, and why."""
    if isinstance(error, GauntletError):
        found = Finding(BROKEN_OFF, Verdict.INCONCLUSIVE, error.what, remedy=error.remedy)
    else:
        found = Finding(BROKEN_OFF, Verdict.INCONCLUSIVE, "the run was interrupted", remedy="run the upgrade again")
    return Observation(phase.name, Concern.ROLL, found, subject=names[phase.about])
