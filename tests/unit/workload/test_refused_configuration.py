"""Whether kube-proxies refuse a configuration by the name of what is wrong with it."""

from __future__ import annotations

from gauntlet.ground.finding import Verdict
from gauntlet.workload.refused_configuration import refused

WORDS = "failed validate: KubeProxyConfiguration.ClusterCIDR: Invalid value: must be a valid CIDR block"


def test_all_end_and_name_the_field() -> None:
    found = refused({"clusterCIDR"}, {"node-1": WORDS, "node-2": WORDS}, {})
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)
    assert WORDS in found.reason


def test_one_that_serves_fails() -> None:
    found = refused({"clusterCIDR"}, {"node-1": WORDS}, {"node-2": "it serves"})
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert "node-2" in found.reason


def test_one_that_ends_for_something_else_fails() -> None:
    found = refused({"mode"}, {"node-1": WORDS, "node-2": "failed validate: KubeProxyConfiguration.Mode: ebpf"}, {})
    assert (found.verdict, found.reason) == (Verdict.FAIL, "on node-1 kube-proxy does not end with a word on mode")


def test_nobody_asked_is_inconclusive() -> None:
    assert refused({"mode"}, {}, {}).verdict is Verdict.INCONCLUSIVE
