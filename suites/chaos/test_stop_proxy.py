"""Stopped: kube-proxy is there, but does nothing (SIGSTOP)."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload import Backends
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.shared import ECHO

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_stopped_proxy_follows_its_endpoints_when_it_continues(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """An endpoint is replaced meanwhile; only the node concerned misses it, and only until kube-proxy continues."""
    service = workload.serve(ECHO)

    experiment.run_replacing_an_endpoint("stop-proxy", service, backends)
