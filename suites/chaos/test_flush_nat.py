"""Flushed: iptables -t nat -F, the popular emergency measure."""

import pytest

from fixtures.chaos import Experiment
from fixtures.workload import CaseWorkload
from gauntlet.workload import Backends, Service, ServiceType

pytestmark = [pytest.mark.gate, pytest.mark.chaos, pytest.mark.needs("node-faults")]


@pytest.mark.needs("nat-table")
def test_flushed_nat_table_is_back_after_a_restart(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """The flush is an outage on its node until kube-proxy is restarted, and over soon after."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("flush-nat", service, backends)
