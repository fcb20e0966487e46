"""A watch as results.json has it: an upgrade whose change somebody else makes, and what is of a watch alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gauntlet.ground.environment import command_line, of_run
from gauntlet.providers.protocol import SubjectCluster
from gauntlet.report.ledger import tool
from gauntlet.report.results import Results
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.report.upgrade_record import UpgradeRecord
from gauntlet.report.watch_record import LossRecord, SeenRecord, WatchRecord
from gauntlet.upgrade.reasons import merged
from gauntlet.upgrade.record import accepted_record, finding_records, phase_records, reason_record
from gauntlet.upgrade.verdict import notes
from gauntlet.upgrade.watch.course import CHANGE, LEGS, Watch
from gauntlet.upgrade.watch.judging import Judged
from gauntlet.upgrade.watch.losses import Loss

BEFORE_IT, AFTER_IT = "before the change", "after the change"


@dataclass(frozen=True)
class Run:
    """What is known of a run of `gauntlet watch`. `command` is how it was started, `change` what was watched."""

    cluster: SubjectCluster
    nodes: int
    change: str
    argv: Sequence[str]
    command: Sequence[str]
    started: datetime
    evidence: tuple[str, ...]
    hold_s: float


def recorded(run: Run, seen: Watch, judged: Judged, lost: Sequence[Loss], untold: Sequence[str]) -> Results:
    """The run as results.json has it."""
    cluster, judgement = run.cluster, judged.judgement
    environment = of_run(())
    command = command_line(list(run.command), environment)
    subject = SubjectRecord.of(cluster.subject)
    return Results(
        tool=tool(),
        kubernetes=cluster.control_plane_version,
        provider=cluster.provider,
        command=command,
        # Nothing of it is chosen by chance.
        seed=0,
        started=run.started,
        finished=datetime.now(UTC),
        subjects=(
            subject.model_copy(update={"control_plane": cluster.control_plane_version, "kernel": cluster.kernel}),
        ),
        findings=tuple(finding_records(judged.observations, run.evidence)),
        reproduce=command,
        environment=environment,
        upgrade=UpgradeRecord(
            today=BEFORE_IT,
            next=AFTER_IT,
            strategy=run.change,
            nodes=run.nodes,
            phases=tuple(phase_records(seen.history, LEGS, {})),
            hold_s=run.hold_s,
            answer=judgement.answer.value,
            reasons=tuple(reason_record(each) for each in merged(judgement.reasons)),
            accepted=tuple(accepted_record(each) for each in judgement.accepted),
            notes=tuple(notes(judgement)),
            limits=tuple(untold),
        ),
        watch=_watch(run, seen, judged, lost),
    )


def _watch(run: Run, seen: Watch, judged: Judged, lost: Sequence[Loss]) -> WatchRecord:
    part = judged.parts.get(CHANGE.name)
    return WatchRecord(
        command=tuple(run.argv),
        exit_code=seen.passed.code,
        interrupted=seen.passed.interrupted,
        versions_before=dict(seen.passed.began),
        versions_after=dict(seen.passed.ended),
        losses=tuple(
            LossRecord(
                node=each.node,
                client=each.client,
                what=each.what,
                seconds=each.spell.length_s,
                resolution_s=each.spell.resolution_s,
                attempts=each.spell.hurt,
                over=each.spell.over,
                beside=each.beside,
            )
            for each in lost
        ),
        events=()
        if part is None
        else tuple(
            SeenRecord(at=datetime.fromtimestamp(at_ns / 1e9, UTC), kind=kind, about=subject, node=node, detail=detail)
            for at_ns, kind, subject, node, detail in part.events.iter_rows()
        ),
    )
