"""Flushed: the ipsets of ipvs mode."""

import pytest

from fixtures.chaos import Experiment
from fixtures.workload import CaseWorkload
from gauntlet.workload import Backends, Service, ServiceType

pytestmark = [pytest.mark.chaos, pytest.mark.needs("virtual-servers"), pytest.mark.needs("node-faults")]


def test_flushed_ipsets_are_filled_again(experiment: Experiment, workload: CaseWorkload, backends: Backends) -> None:
    """What must be masqueraded goes astray until kube-proxy fills the sets again, without help."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    experiment.run("flush-ipset", service, backends)
