"""A real cluster in the middle of an upgrade: its kube-proxies are of two versions."""

from __future__ import annotations

import os

from gauntlet.doctor.cluster_check import detection
from gauntlet.doctor.cluster_check.examination import examine
from gauntlet.doctor.cluster_check.report import Level
from gauntlet.kube.api import Api
from gauntlet.providers import ClusterSpec, provider
from gauntlet.providers.protocol import RollingCluster
from gauntlet.subject import parse_all
from tests.unit.cluster_check.facts import told


def test_kube_proxies_of_two_versions_are_told_by_node() -> None:
    # The older one is pinned for userspace mode, and so built in any case.
    today, older = parse_all("iptables@1.37,iptables@1.25", "1.37")
    sandbox, name = provider("sandbox"), f"test-mixed-{os.getpid()}"
    cluster = sandbox.create(ClusterSpec(name, today, replacements=(older,), nodes=2))
    try:
        assert isinstance(cluster, RollingCluster)
        api = Api(cluster.api)
        assert detection.confirm(api, cluster.nodes, today.mode) == {}
        cluster.replace_proxy("node-2", older)
        mixed = detection.confirm(api, cluster.nodes, today.mode)
        found = examine(api, cluster.nodes)
    finally:
        sandbox.delete(name)
    assert mixed == {"node-1": "1.37.2", "node-2": "1.25.9"}
    words = "kube-proxies are of different versions: 1.25.9 on node-2; 1.37.2 on node-1"
    told(found, Level.WARNING, "version", words, "cluster")
