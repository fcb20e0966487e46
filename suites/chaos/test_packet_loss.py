"""Lossy: a node that loses 30 % of its packets."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_lost_packets_hurt_only_while_they_are_lost(experiment: Experiment, shared: Shared) -> None:
    """Attempts across the lossy node may fail while it loses packets, and none afterwards."""
    experiment.run("packet-loss", shared.service, shared.backends)
