"""/healthz of kube-proxy, by which load balancers learn which nodes serve, and /livez, by which it is kept alive."""

import pytest

from gauntlet.checkers.health_port import health_port
from gauntlet.report.judge import Judge
from gauntlet.workload.leaving_node import LeavingNode

pytestmark = [
    pytest.mark.gate,
    pytest.mark.conformance,
    pytest.mark.needs("marked-nodes"),
    pytest.mark.needs("leaving-nodes"),
]


def test_a_node_that_is_about_to_go_says_so(leaving_node: LeavingNode, judge: Judge) -> None:
    """While a node has the autoscaler's taint its /healthz says 503, and 200 before and after; /livez always does."""
    for change in (leaving_node.remove, leaving_node.mark, leaving_node.remove):
        change()
        said = leaving_node.heard()
        judge(health_port(said.expected, said.heard))
