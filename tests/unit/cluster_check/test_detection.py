"""What the API server alone tells of the kube-proxies of somebody's cluster."""

from __future__ import annotations

from gauntlet.doctor.cluster_check.detection import detected
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.configuration import Configuration
from tests.unit.cluster_check.facts import cluster, pod

IMAGE = "registry.k8s.io/kube-proxy:v"
MEANT = Configuration("ConfigMap kube-system/kube-proxy", mode="nftables")


def test_of_one_version_there_is_nothing_more_to_say() -> None:
    found = detected(cluster(configuration=MEANT, pods=(pod("node-1"), pod("node-2"))))
    assert (found.mode, found.version, found.versions) == (ProxyMode.NFTABLES, "1.37.2", {})


def test_of_several_versions_the_oldest_is_the_clusters_and_each_is_told() -> None:
    pods = (pod("node-1", image=f"{IMAGE}1.9.11"), pod("node-2"), pod("node-3", image=f"{IMAGE}1.36.3-vendor.1"))
    found = detected(cluster(configuration=MEANT, pods=pods))
    assert found.version == "1.9.11"
    assert found.versions == {"node-1": "1.9.11", "node-2": "1.37.2", "node-3": "1.36.3-vendor.1"}


def test_a_tag_that_is_not_there_is_not_another_version() -> None:
    found = detected(cluster(configuration=MEANT, pods=(pod("node-1"), pod("node-2", image="kube-proxy@sha256:ab"))))
    assert (found.version, found.versions) == ("1.37.2", {})
