"""Changes that nobody thought of, one after the other: after each, everything is as the model says."""

import pytest

from fixtures.state_machine import OF_SERVICES, Explorer
from gauntlet.report.judge import Judge

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.random,
    pytest.mark.needs("load-balancer"),
    pytest.mark.needs("many-changes"),
    pytest.mark.needs("endpoint-slices"),
]


@pytest.mark.gate
def test_any_changes_of_services(explorer: Explorer, judge: Judge) -> None:
    """Types, ports, endpoints, policies, affinity and source ranges change at random, and are obeyed."""
    judge(explorer(OF_SERVICES))


@pytest.mark.disruptive
@pytest.mark.needs("node-faults")
@pytest.mark.needs("proxy-configuration")
def test_any_changes_and_restarts(explorer: Explorer, judge: Judge) -> None:
    """The same while kube-proxies restart and are given another configuration."""
    judge(explorer())
