"""Deleted: the nftables table of kube-proxy."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_deleted_table_is_back_after_a_restart(experiment: Experiment, shared: Shared) -> None:
    """The deletion is an outage on its node until kube-proxy is restarted, and over soon after."""
    experiment.run("delete-table", shared.service, shared.backends)
