"""kube-proxy --cleanup: what is left on a node."""

import pytest

from fixtures.cleanup import Cleanup
from fixtures.judge import Judge
from fixtures.workload import CaseWorkload
from gauntlet.workload import Service, ServiceType

pytestmark = [pytest.mark.conformance, pytest.mark.needs("node-faults"), pytest.mark.usefixtures("backends")]


def test_cleanup_leaves_no_service_behind(workload: CaseWorkload, cleanup: Cleanup, judge: Judge) -> None:
    """After `kube-proxy --cleanup` the node forwards no Service; what else is left is listed."""
    workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    judge(cleanup())
