"""Deleted: the nftables table of kube-proxy."""

import pytest

from fixtures.chaos import Experiment
from fixtures.workload import CaseWorkload
from gauntlet.workload import Backends, Service, ServiceType

pytestmark = [pytest.mark.gate, pytest.mark.chaos, pytest.mark.needs("node-faults")]


@pytest.mark.needs("nftables-table")
def test_deleted_table_is_back_after_a_restart(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """The deletion is an outage on its node until kube-proxy is restarted, and over soon after."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("delete-table", service, backends)
