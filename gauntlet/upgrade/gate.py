"""The upgrade gate: one cluster as today's, taken to the next kube-proxy and back under traffic, and the judgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gauntlet.ground.history import History
from gauntlet.kube.api import Api
from gauntlet.providers.protocol import RollingCluster
from gauntlet.subject import Subject
from gauntlet.traffic import Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.observing import observed
from gauntlet.upgrade.passage import Conductor, Say
from gauntlet.upgrade.phases import TASKS, Extent, Phase, Side, phases
from gauntlet.upgrade.roll_traffic import flowing
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.terms import Terms
from gauntlet.upgrade.verdict import Concern, Judgement, Observation, judge

NAME = "upgrade"


@dataclass(frozen=True)
class Plan:
    """The phases that are run, and those of a whole upgrade that are not: left out, or not to be done yet."""

    run: tuple[Phase, ...]
    not_run: tuple[Phase, ...]

    @classmethod
    def of(cls, nodes: Sequence[str], strategy: Strategy, extent: Extent) -> Plan:
        roll = strategy.roll(nodes)
        run = tuple(phase for phase in phases(roll, extent) if phase.task in TASKS)
        return cls(run, tuple(phase for phase in phases(roll, Extent.WHOLE) if phase not in run))


@dataclass(frozen=True)
class Seen:
    """What came of an upgrade."""

    history: History
    observations: tuple[Observation, ...]
    judgement: Judgement


def interruption(phase: str, evidence: Evidence, folder: Path) -> str:
    """What is said of an upgrade that was interrupted: in which phase, and what there is of it and where."""
    return f"interrupted in {phase or 'the preparation'}: nothing is decided; {evidence.extent()}, below {folder}"


def pass_through(
    cluster: RollingCluster, subjects: Mapping[Side, Subject], plan: Plan, terms: Terms, folder: Path, say: Say
) -> Seen:
    """Take the cluster, which runs today's kube-proxy, through the phases of the plan, and judge what traffic saw.

    Attempts and events are kept below `folder`, also if it ends by an error or is interrupted. A flow that breaks, or a
    node that cannot be audited, is inconclusive; the rest is judged.
    """
    evidence = Evidence(folder, NAME)
    promised = terms.promised.slo.roll
    conductor = Conductor(cluster, subjects, evidence.events, settle_s=promised.hold_s + 1, say=say)
    try:
        with (
            Traffic(evidence.folder / "traffic") as traffic,
            flowing(cluster, Api(cluster.api), traffic, evidence) as stream,
        ):
            passage = conductor.take(plan.run, stream.offer.change.make)
    except KeyboardInterrupt:
        say(interruption(conductor.phase, evidence, folder))
        raise
    finally:
        evidence.save()
    history = evidence.history()
    found = observed(history, passage, plan.run, stream.setting, terms.promised, subjects)
    found += [Observation("traffic", Concern.ROLL, each, subject=subjects[Side.TO].name) for each in stream.broken]
    ended = {each.phase for each in found}
    judgement = judge(
        found,
        missing=[phase for phase in plan.run if phase.name not in ended],
        acceptances=terms.acceptances,
        subject=subjects[Side.TO].name,
        today=datetime.now(UTC).date(),
    )
    return Seen(history, tuple(found), judgement)
