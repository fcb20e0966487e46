"""An upgrade as results.json has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gauntlet.checkers.sample import NANO
from gauntlet.ground.environment import command_line, of_run
from gauntlet.ground.history import EventKind, History
from gauntlet.providers.protocol import RollingCluster
from gauntlet.report.ledger import tool
from gauntlet.report.results import FindingRecord, Results, records
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.report.upgrade_record import CASES, AcceptedRecord, ChangeRecord, PhaseRecord, ReasonRecord, UpgradeRecord
from gauntlet.upgrade.case_run import adopted_accounts, adopted_findings, adopted_skips, case_id
from gauntlet.upgrade.compare import Change
from gauntlet.upgrade.gate import Seen
from gauntlet.upgrade.limits import limits, reach
from gauntlet.upgrade.phases import Phase, Side, phase_times
from gauntlet.upgrade.reasons import Reason, merged
from gauntlet.upgrade.strategy import Strategy
from gauntlet.upgrade.verdict import Accepted, Observation, notes


@dataclass(frozen=True)
class Run:
    """What is known of a run of `gauntlet upgrade`. `command` is how it was started, `hold_s` is the promise's."""

    cluster: RollingCluster
    names: Mapping[Side, str]
    strategy: Strategy
    command: Sequence[str]
    started: datetime
    evidence: tuple[str, ...]
    hold_s: float


def recorded(run: Run, seen: Seen) -> Results:
    """The run as results.json has it."""
    cluster = run.cluster
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
        findings=(
            *finding_records(seen.observations, run.evidence),
            *(each for phase, cases in seen.cases.items() for each in adopted_findings(cases, phase)),
        ),
        accounts=tuple(each for phase, cases in seen.cases.items() for each in adopted_accounts(cases, phase)),
        skipped=tuple(each for phase, cases in seen.cases.items() for each in adopted_skips(cases, phase)),
        reproduce=command,
        environment=environment,
        upgrade=_upgrade(run, seen),
    )


def _upgrade(run: Run, seen: Seen) -> UpgradeRecord:
    judgement = seen.judgement
    return UpgradeRecord(
        today=run.names[Side.FROM],
        next=run.names[Side.TO],
        strategy=str(run.strategy),
        nodes=len(run.cluster.nodes),
        phases=tuple(phase_records(seen.history, seen.plan.run, run.names)),
        not_run=tuple(phase.name for phase in seen.plan.not_run),
        hold_s=run.hold_s,
        aftermath=seen.aftermath,
        answer=judgement.answer.value,
        reach=reach(judgement, seen.plan),
        reasons=tuple(reason_record(each) for each in merged(judgement.reasons)),
        accepted=tuple(accepted_record(each) for each in judgement.accepted),
        known_defects=judgement.known_defects,
        notes=tuple(notes(judgement)),
        gains=tuple(_change(each) for each in judgement.gains),
        by_design=tuple(_change(each) for each in judgement.by_design),
        limits=tuple(limits(seen.observations, seen.plan)),
    )


def accepted_record(each: Accepted) -> AcceptedRecord:
    """A failure that is accepted as results.json has it."""
    seen = each.observation
    return AcceptedRecord(
        name=seen.name,
        why=each.by.reason,
        until=each.by.until,
        phase=seen.phase,
        case=seen.case,
        check=seen.finding.check,
    )


def reason_record(each: Reason) -> ReasonRecord:
    """A reason as results.json has it."""
    worst, finding = each.worst, each.worst.finding
    return ReasonRecord(
        name=worst.name,
        concern=worst.concern,
        phase=worst.phase,
        case=worst.case,
        check=finding.check,
        verdict=finding.verdict,
        reason=finding.reason,
        promise=finding.promise,
        remedy=finding.remedy,
        also_in=each.also_in,
    )


def _change(each: Change) -> ChangeRecord:
    return ChangeRecord(case=each.case, check=each.check, text=each.text)


def finding_records(observations: Sequence[Observation], evidence: Sequence[str]) -> Iterator[FindingRecord]:
    """Those of a phase together: whether it decides anything is for all of them to say."""
    of_phases: dict[tuple[str, str], list[Observation]] = {}
    for each in observations:
        if not each.case:
            of_phases.setdefault((each.phase, each.subject), []).append(each)
    for (phase, subject), mine in of_phases.items():
        yield from records(f"{CASES}{phase}", subject, [each.finding for each in mine], evidence)
    for each in observations:
        if each.case:
            compared = replace(each.finding, check=f"compared: {each.finding.check}")
            yield from records(case_id(each.phase, each.case), each.subject, [compared], evidence)


def phase_records(history: History, planned: Sequence[Phase], names: Mapping[Side, str]) -> list[PhaseRecord]:
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
