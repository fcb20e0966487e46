"""Flushed and deleted: everything that kube-proxy wrote into iptables."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_flushed_tables_come_back_by_themselves(experiment: Experiment, shared: Shared) -> None:
    """kube-proxy misses its canary chain and writes everything again without help."""
    experiment.run("flush-all-tables", shared.service, shared.backends)
