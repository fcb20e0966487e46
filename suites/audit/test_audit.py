"""The audit after all other cases of a subject: rules that no traffic has met, and what the cases have left behind."""

from pathlib import Path

import pytest

from gauntlet.doctor.cluster_check.audit import Audit
from gauntlet.report.case import Case
from gauntlet.report.judge import Judge
from gauntlet.traffic.encounters import encounters
from gauntlet.traffic.evidence import Evidence

pytestmark = [pytest.mark.gate, pytest.mark.audit]


def test_rules_and_flows_are_those_of_the_services_there_are(
    audit: Audit, run_folder: Path, case: Case, evidence: Evidence, judge: Judge
) -> None:
    """Each node's rules lead where the Services that there are want it, in both families; nothing else is left."""
    judge(audit(encounters(run_folder, case.subject), evidence))
