"""Stopped: kube-proxy is there, but does nothing (SIGSTOP)."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload import Backends, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_stopped_proxy_follows_its_endpoints_when_it_continues(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """An endpoint is replaced meanwhile; only the node concerned misses it, and only until kube-proxy continues."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run_replacing_an_endpoint("stop-proxy", service, backends)
