"""Crashed: the machine of a node."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_crashed_node_serves_again_once_it_is_booted(experiment: Experiment, shared: Shared) -> None:
    """Attempts that need the node fail while it is off; nothing is left of that once it is back."""
    experiment.run_crashing_the_node("crash-kernel", shared.service, shared.backends)
