"""Deleted: kube-ipvs0, the device that holds the addresses of all Services."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = pytest.mark.chaos


def test_deleted_dummy_device_comes_back_by_itself(experiment: Experiment, shared: Shared) -> None:
    """Cluster IPs lead nowhere on that node until kube-proxy makes the device again, without help."""
    experiment.run("delete-dummy", shared.service, shared.backends)
