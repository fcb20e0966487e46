"""Flushed: the ipsets of ipvs mode."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = pytest.mark.chaos


def test_flushed_ipsets_are_filled_again(experiment: Experiment, shared: Shared) -> None:
    """What must be masqueraded goes astray until kube-proxy fills the sets again, without help."""
    experiment.run("flush-ipset", shared.service, shared.backends)
