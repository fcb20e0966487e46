"""The cluster check: what the API server says of kube-proxy, held against what is there on each node."""

import pytest

from gauntlet.doctor.cluster_check.check import ClusterCheck
from gauntlet.report.judge import Judge
from gauntlet.workload import HTTP, UDP, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.uniform,
    pytest.mark.needs("load-balancer"),
    pytest.mark.usefixtures("backends"),
]


def test_cluster_check_finds_no_problem(workload: CaseWorkload, cluster_check: ClusterCheck, judge: Judge) -> None:
    """kube-proxy runs on every node, in one mode by all that tells it, with the rules of the Services there are."""
    workload.serve_all(
        [
            Service("inside", ports=(HTTP, UDP)),
            Service("sticky", affinity_timeout_s=60),
            Service("outside", type=ServiceType.LOAD_BALANCER),
        ]
    )

    judge(cluster_check())
