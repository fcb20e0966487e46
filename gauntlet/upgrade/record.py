"""An upgrade as results.json has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from gauntlet.checkers.sample import NANO
from gauntlet.ground.environment import command_line, of_run
from gauntlet.ground.history import EventKind, History
from gauntlet.providers.protocol import RollingCluster
from gauntlet.report.ledger import tool
from gauntlet.report.results import FindingRecord, Results, records
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.report.upgrade_record import PhaseRecord, UpgradeRecord
from gauntlet.upgrade.gate import NAME, Plan, Seen
from gauntlet.upgrade.phases import Phase, Side, phase_times
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.verdict import Observation


@dataclass(frozen=True)
class Run:
    """What is known of a run of `gauntlet upgrade`. `command` is how it was started."""

    cluster: RollingCluster
    names: Mapping[Side, str]
    strategy: Strategy
    plan: Plan
    command: Sequence[str]
    started: datetime
    evidence: tuple[str, ...]


def recorded(run: Run, seen: Seen) -> Results:
    """The run as results.json has it."""
    cluster, judgement = run.cluster, seen.judgement
    environment = of_run(())
    command = command_line(list(run.command), environment)
    return Results(
        tool=tool(),
        kubernetes=cluster.control_plane_version,
        provider=cluster.provider,
        command=command,
        # Nothing of it is chosen by chance.
        seed=0,
        started=run.started,
        finished=datetime.now(UTC),
        subjects=tuple(
            SubjectRecord.of(each).model_copy(
                update={"control_plane": cluster.control_plane_version, "kernel": cluster.kernel}
            )
            for each in cluster.subjects
        ),
        findings=tuple(_findings(seen.observations, run.evidence)),
        reproduce=command,
        environment=environment,
        upgrade=UpgradeRecord(
            today=run.names[Side.FROM],
            next=run.names[Side.TO],
            strategy=str(run.strategy),
            nodes=len(cluster.nodes),
            phases=tuple(_phases(seen.history, run.plan.run, run.names)),
            not_run=tuple(phase.name for phase in run.plan.not_run),
            answer=judgement.answer.value,
            reasons=tuple(each.name for each in judgement.reasons),
            accepted=tuple(each.observation.name for each in judgement.accepted),
        ),
    )


def _findings(observations: Sequence[Observation], evidence: Sequence[str]) -> Iterator[FindingRecord]:
    """Those of a phase together: whether it decides anything is for all of them to say."""
    for (phase, subject), mine in groupby(observations, key=lambda each: (each.phase, each.subject)):
        yield from records(f"{NAME}::{phase}", subject, [each.finding for each in mine], evidence)


def _phases(history: History, planned: Sequence[Phase], names: Mapping[Side, str]) -> list[PhaseRecord]:
    """The phases that began."""
    begun, ended = (_times(history, kind) for kind in (EventKind.PHASE_STARTED, EventKind.PHASE_ENDED))
    return [
        PhaseRecord(
            name=phase.name,
            started=begun[phase.name],
            ended=ended.get(phase.name),
            after={node: names[side] for node, side in phase.after.items()},
        )
        for phase in planned
        if phase.name in begun
    ]


def _times(history: History, kind: EventKind) -> dict[str, datetime]:
    return {name: datetime.fromtimestamp(at_ns / NANO, UTC) for name, at_ns in phase_times(history.events, kind)}
