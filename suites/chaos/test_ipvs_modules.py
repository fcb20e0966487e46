"""Missing: modules of IPVS, at the start of kube-proxy or under its feet."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = pytest.mark.chaos


def test_idle_scheduler_can_be_unloaded(experiment: Experiment, shared: Shared) -> None:
    """The module of a scheduler that nobody uses goes, and no client notices."""
    experiment.run("unload-idle-scheduler", shared.service, shared.backends)


def test_scheduler_in_use_cannot_be_unloaded(experiment: Experiment, shared: Shared) -> None:
    """The kernel refuses to unload it, and no attempt is lost."""
    experiment.run("unload-used-scheduler", shared.service, shared.backends)


def test_unloaded_scheduler_comes_back_by_itself(experiment: Experiment, shared: Shared) -> None:
    """Cleared of virtual servers it goes; kube-proxy makes them again, and the kernel loads the module for them."""
    experiment.run("unload-scheduler", shared.service, shared.backends)


@pytest.mark.gate
def test_kube_proxy_without_its_scheduler_serves_again_once_it_is_there(experiment: Experiment, shared: Shared) -> None:
    """kube-proxy ends with a reason, and serves as soon as it can start."""
    experiment.run("scheduler-absent", shared.service, shared.backends)


def test_kube_proxy_without_ipvs_serves_again_once_it_is_there(experiment: Experiment, shared: Shared) -> None:
    """kube-proxy ends with a reason, falls back to nothing, and serves as soon as it can start."""
    experiment.run("ipvs-absent", shared.service, shared.backends)
