"""Flushed and deleted: everything that kube-proxy wrote into iptables."""

import pytest

from fixtures.chaos import Experiment
from fixtures.workload import CaseWorkload
from gauntlet.workload import Backends, Service, ServiceType

pytestmark = [pytest.mark.gate, pytest.mark.chaos, pytest.mark.needs("node-faults")]


@pytest.mark.needs("nat-table")
def test_flushed_tables_come_back_by_themselves(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """kube-proxy misses its canary chain and writes everything again without help."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("flush-all-tables", service, backends)
