"""Deleted: kube-ipvs0, the device that holds the addresses of all Services."""

import pytest

from fixtures.chaos import Experiment
from fixtures.workload import CaseWorkload
from gauntlet.workload import Backends, Service, ServiceType

pytestmark = [pytest.mark.chaos, pytest.mark.needs("virtual-servers"), pytest.mark.needs("node-faults")]


def test_deleted_dummy_device_comes_back_by_itself(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """Cluster IPs lead nowhere on that node until kube-proxy makes the device again, without help."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("delete-dummy", service, backends)
