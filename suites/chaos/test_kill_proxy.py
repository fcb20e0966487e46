"""Killed: kube-proxy dies of SIGKILL and is started again."""

import pytest

from fixtures.chaos import Experiment
from fixtures.workload import CaseWorkload
from gauntlet.workload import Backends, Service, ServiceType

pytestmark = [pytest.mark.gate, pytest.mark.chaos, pytest.mark.needs("node-faults")]


@pytest.mark.smoke
def test_killed_proxy_costs_no_attempt(experiment: Experiment, workload: CaseWorkload, backends: Backends) -> None:
    """The rules stay in the kernel while kube-proxy is away: no client notices."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("kill-proxy", service, backends)
