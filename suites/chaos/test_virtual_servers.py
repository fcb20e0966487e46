"""Cleared and deleted: what kube-proxy wrote into IPVS."""

import pytest

from fixtures.chaos import Experiment
from fixtures.workload import CaseWorkload
from gauntlet.workload import Backends, Service, ServiceType

pytestmark = [pytest.mark.chaos, pytest.mark.needs("virtual-servers"), pytest.mark.needs("node-faults")]


@pytest.mark.gate
def test_cleared_virtual_servers_come_back_by_themselves(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """`ipvsadm -C` is an outage on its node until kube-proxy makes its virtual servers again, without help."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("clear-ipvs", service, backends)


def test_deleted_virtual_server_comes_back_by_itself(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """Its address is refused on that node until kube-proxy makes it again, without help."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("delete-virtual-server", service, backends)


def test_deleted_real_server_costs_no_attempt(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """The others take over at once, and kube-proxy adds the missing one again without help."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("delete-real-server", service, backends)


def test_real_server_without_weight_is_back_after_a_restart(
    experiment: Experiment, workload: CaseWorkload, backends: Backends
) -> None:
    """The others take over at once: nobody notices, kube-proxy neither, until it is restarted."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("zero-weight", service, backends)
