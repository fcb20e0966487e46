"""The audit after all other cases of a subject: rules that no traffic has met, and what the cases have left behind."""

from dataclasses import replace
from pathlib import Path

import pytest

from gauntlet.doctor.cluster_check.audit import Audit
from gauntlet.report.case import Case
from gauntlet.report.judge import Judge
from gauntlet.traffic.encounters import encounters
from gauntlet.traffic.evidence import Evidence
from gauntlet.workload import Backends, Service, endpoints
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.audit, pytest.mark.usefixtures("cluster_number")]

# From the shortest to the longest that the API takes, with its default: nobody could wait until they are over.
TIMEOUTS_S = (1, 90, 10_800, 86_400)
CHANGED = Service("changed", app=None, affinity_timeout_s=3_600)


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

    Some are there for this alone, which remember their clients, each for another time, one for another than at first.
    """
    there = endpoints(*client_pods.all)
    sticky = [Service(f"sticky-{each}", app=None, affinity_timeout_s=each) for each in TIMEOUTS_S]
    workload.serve_all_endpoints(dict.fromkeys([*sticky, CHANGED], there))
    workload.become({CHANGED: there}, {replace(CHANGED, affinity_timeout_s=600): there})

    judge(audit(encounters(run_folder, case.subject), evidence))
