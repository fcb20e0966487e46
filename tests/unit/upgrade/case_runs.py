"""Made-up runs of pytest's cases in the phases of an upgrade."""

from __future__ import annotations

from datetime import UTC, datetime

from gauntlet.ground.finding import Verdict
from gauntlet.report.results import FindingRecord, Results, Skip
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.subject import Subject
from gauntlet.upgrade.case_run import CaseRun
from gauntlet.upgrade.phases import Side
from tests.unit.upgrade.upgrades import SUBJECTS

CASE = "suites/conformance/test_hairpin.py::test_pod_reaches_itself[tcp]"
WHEN = datetime(2026, 11, 29, tzinfo=UTC)


def case_run(
    *verdicts: Verdict,
    subject: Subject = SUBJECTS[Side.FROM],
    records: tuple[FindingRecord, ...] = (),
    skipped: str = "",
    trouble: str = "",
) -> CaseRun:
    """The run of CASE, with a finding of each of these verdicts; or skipped for a reason."""
    findings = tuple(
        FindingRecord(
            case=CASE, subject=subject.name, check="hold", verdict=verdict, reason="seen", evidence=("evidence/x",)
        )
        for verdict in verdicts
    )
    results = Results(
        tool="t",
        kubernetes="1.37.2",
        command="pytest",
        seed=1,
        started=WHEN,
        finished=WHEN,
        subjects=(SubjectRecord.of(subject),),
        findings=(*findings, *records),
        skipped=(Skip(case=CASE, subject=subject.name, reason=skipped),) if skipped else (),
        reproduce="pytest",
    )
    return CaseRun(results, "cases/phase/run", trouble)
