"""kube-proxy --cleanup: what is left on a node."""

import pytest

from gauntlet.proxy.cleanup import Cleanup
from gauntlet.report.judge import Judge
from gauntlet.workload import Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("node-faults"),
    pytest.mark.usefixtures("backends"),
]


def test_cleanup_leaves_no_service_behind(workload: CaseWorkload, cleanup: Cleanup, judge: Judge) -> None:
    """After `kube-proxy --cleanup` the node forwards no Service; what else is left is listed."""
    workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    judge(cleanup())
