"""Flushed: kube-proxy's rules in nat, as by iptables -t nat -F, the popular emergency measure."""

import pytest

from gauntlet.faults.chaos.runner import Experiment
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.chaos]


def test_flushed_nat_table_is_back_after_a_restart(experiment: Experiment, shared: Shared) -> None:
    """The flush is an outage on its node until kube-proxy is restarted, and over soon after."""
    experiment.run("flush-nat", shared.service, shared.backends)
