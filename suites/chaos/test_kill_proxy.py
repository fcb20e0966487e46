"""Killed: kube-proxy dies of SIGKILL and is started again."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


@pytest.mark.smoke
def test_killed_proxy_costs_no_attempt(experiment: Experiment, shared: Shared) -> None:
    """The rules stay in the kernel while kube-proxy is away: no client notices."""
    experiment.run("kill-proxy", shared.service, shared.backends)
