"""Cleared and deleted: what kube-proxy wrote into IPVS."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = pytest.mark.chaos


@pytest.mark.gate
def test_cleared_virtual_servers_come_back_by_themselves(experiment: Experiment, shared: Shared) -> None:
    """`ipvsadm -C` is an outage on its node until kube-proxy makes its virtual servers again, without help."""
    experiment.run("clear-ipvs", shared.service, shared.backends)


def test_deleted_virtual_server_comes_back_by_itself(experiment: Experiment, shared: Shared) -> None:
    """Its address is refused on that node until kube-proxy makes it again, without help."""
    experiment.run("delete-virtual-server", shared.service, shared.backends)


def test_deleted_real_server_costs_no_attempt(experiment: Experiment, shared: Shared) -> None:
    """The others take over at once, and kube-proxy adds the missing one again without help."""
    experiment.run("delete-real-server", shared.service, shared.backends)


def test_real_server_without_weight_is_back_after_a_restart(experiment: Experiment, shared: Shared) -> None:
    """The others take over at once: nobody notices, kube-proxy neither, until it is restarted."""
    experiment.run("zero-weight", shared.service, shared.backends)
