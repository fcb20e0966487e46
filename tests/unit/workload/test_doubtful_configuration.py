"""Whether kube-proxies refuse a configuration by the name of what is wrong with it, or live with it."""

from __future__ import annotations

from gauntlet.ground.finding import Verdict
from gauntlet.workload.doubtful_configuration import refused, survived

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


def test_all_that_serve_have_survived() -> None:
    found = survived({"conntrack"}, {"node-1": "", "node-2": ""})
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)


def test_one_that_ends_has_not_survived() -> None:
    ends = "kube-proxy ends: open /proc/sys/net/netfilter/nf_conntrack_max: permission denied"
    found = survived({"conntrack"}, {"node-1": "", "node-2": ends})
    assert (found.verdict, found.figure) == (Verdict.FAIL, 1.0)
    assert "node-2" in found.reason
    assert "node-1" not in found.reason
    assert ends in found.reason


def test_survival_of_nobody_is_inconclusive() -> None:
    assert survived({"conntrack"}, {}).verdict is Verdict.INCONCLUSIVE
