"""Whether nodes have the time-outs of conntrack that kube-proxy was to set."""

from __future__ import annotations

from gauntlet.ground.finding import Verdict
from gauntlet.workload.conntrack_time_outs import are_set


def test_all_nodes_have_all_of_them() -> None:
    found = are_set({"a": 61}, {"node-1": {"a": 61, "b": 7}, "node-2": {"a": 61, "b": 8}})
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)


def test_a_node_with_another_one_fails() -> None:
    found = are_set({"a": 61}, {"node-1": {"a": 61}, "node-2": {"a": 60}})
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert found.details == ("node-2: a is 60 s and not 61 s",)


def test_no_node_is_inconclusive() -> None:
    assert are_set({"a": 61}, {}).verdict is Verdict.INCONCLUSIVE
