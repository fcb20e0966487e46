"""The audit after all other cases of a subject: rules that no traffic has met, and what the cases have left behind."""

from pathlib import Path

import pytest

from gauntlet.doctor.cluster_check.audit import Audit
from gauntlet.report.case import Case
from gauntlet.report.judge import Judge
from gauntlet.traffic.encounters import encounters
from gauntlet.traffic.evidence import Evidence
from gauntlet.workload import Backends, Service, endpoints
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.audit]

# From the shortest to the longest that the API takes, with its default: nobody could wait until they are over.
TIMEOUTS_S = (1, 90, 10_800, 86_400)


def test_rules_and_flows_are_those_of_the_services_there_are(
    audit: Audit,
    run_folder: Path,
    case: Case,
    workload: CaseWorkload,
    client_pods: Backends,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """Each node's rules lead where the Services that there are want it, in both families; nothing else is left.

    Some are there for this alone, which remember their clients, each for another time.
    """
    there = endpoints(*client_pods.all)
    workload.serve_all_endpoints(
        {Service(f"sticky-{each}", app=None, affinity_timeout_s=each): there for each in TIMEOUTS_S}
    )

    judge(audit(encounters(run_folder, case.subject), evidence))
