"""Of which version the kube-proxy of each node is, and that they are all of one."""

from __future__ import annotations

import pytest

from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Level, findings
from gauntlet.ground.finding import Verdict
from gauntlet.proxy.metrics import ProxyMetrics, SyncTimes
from tests.unit.cluster_check.facts import NODES, NOW_S, bad, cluster, node, pod, report, told


def of(version: str) -> ProxyMetrics:
    return ProxyMetrics(3, 0.5, 2, 0.1, version, (SyncTimes(NOW_S - 5.0, NOW_S - 6.0),))


def test_kube_proxies_of_different_versions_are_a_warning_that_names_them_by_node() -> None:
    found = report(cluster(), node(metrics=of("1.37.2")), node("node-2", metrics=of("1.36.3")))
    warning = told(found, Level.WARNING, "version", "different versions: 1.36.3 on node-2; 1.37.2 on node-1", "cluster")
    assert "finish the upgrade" in warning.remedy
    assert found.sound
    (finding,) = [each for each in findings(found) if each.check == "version"]
    assert (finding.verdict, "1.36.3 on node-2" in finding.reason) == (Verdict.PASS, True)


def test_a_node_that_does_not_tell_its_version_is_not_of_another() -> None:
    assert bad(report(cluster(), node(), node("node-2", metrics=of("")))) == []


@pytest.mark.parametrize("tag", ["3f2a9c1b", "v1.27rc1", "1", "latest"])
def test_a_tag_that_is_not_a_version_tells_none(tag: str) -> None:
    facts = cluster(pods=tuple(pod(each, image=f"mine/kube-proxy:{tag}") for each in NODES))
    unseen = [NodeFacts(each, unseen="no way in") for each in NODES]
    assert [each.version for each in report(facts, *unseen).nodes] == ["", ""]


def test_a_build_that_says_no_version_is_of_that_of_its_tag() -> None:
    facts = cluster(pods=tuple(pod(each, image="mine/kube-proxy:v1.36.3") for each in NODES))
    assert [each.version for each in report(facts, node(metrics=of("mine")), node("node-2")).nodes] == [
        "1.36.3",
        "1.37.2",
    ]
