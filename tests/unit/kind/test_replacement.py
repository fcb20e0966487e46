"""Clusters of kind whose nodes are given one kube-proxy after the other: what cannot be, and what is kept of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gauntlet.ground.errors import UsageError
from gauntlet.providers import ClusterSpec
from gauntlet.providers.kind.admission import require_makeable
from gauntlet.providers.kind.cluster import KindRecord, RunningKindCluster, state_dir
from gauntlet.providers.kind.proxy_images import ProxyImage
from gauntlet.providers.kind.replacement import configuration
from gauntlet.providers.node_record import NodeRecord
from gauntlet.subject import Subject, parse

BASE = """apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.0.0.0/8
"""
TODAY, NEXT = parse("iptables@1.36", "1.37"), parse("nftables@1.37", "1.37")


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def image(subject: Subject, version: str) -> ProxyImage:
    exact = replace(subject, version=version)
    return ProxyImage(subject.name, exact.as_json(), f"kube-proxy-gauntlet/kube-proxy:{version}", "built", "")


def record(settled: str = "") -> KindRecord:
    nodes = (
        NodeRecord("x-worker", ("172.30.99.3",), ("10.244.1.0/24",)),
        NodeRecord("x-control-plane", ("172.30.99.2",), ()),
    )
    made = KindRecord("x", "iptables", "1.37.2", "node", "client", nodes, "172.30.99.9", TODAY.as_json())
    proxies = (image(TODAY, "1.36.3"), image(NEXT, "1.37.2"))
    given = {each.name: TODAY.name for each in nodes}
    return replace(made, proxies=proxies, given=given, settled=settled, configuration=BASE)


def test_a_subject_is_laid_over_the_configuration_of_the_cluster() -> None:
    gated = parse("nftables@1.37+NFTablesNetlink=false", "1.37")
    fields = yaml.safe_load(configuration(BASE, gated))
    assert (fields["mode"], fields["featureGates"]) == ("nftables", {"NFTablesNetlink": False})
    assert fields["clusterCIDR"] == "10.0.0.0/8"
    assert "featureGates" not in yaml.safe_load(configuration(BASE, TODAY))


def test_a_record_is_read_as_it_was_written() -> None:
    state_dir("x").mkdir(parents=True)
    record(TODAY.name).save()
    assert KindRecord.load("x") == record(TODAY.name)


def test_a_cluster_is_of_the_kube_proxy_that_all_nodes_had_last() -> None:
    settled = RunningKindCluster(record(TODAY.name))
    assert (settled.version, settled.origin, settled.control_plane_version) == ("1.36.3", "built", "1.37.2")
    assert settled.subject_of("x-worker").version == "1.36.3"
    assert [each.name for each in settled.subjects] == ["iptables@1.36", "nftables@1.37"]
    of_its_image = RunningKindCluster(replace(record(), proxies=(), given={}))
    assert (of_its_image.version, of_its_image.origin) == ("1.37.2", "node image node")
    assert of_its_image.subjects == (of_its_image.subject,)
    assert of_its_image.subject_of("x-worker") == of_its_image.subject


def test_a_subject_that_the_cluster_was_not_made_for_is_refused() -> None:
    with pytest.raises(UsageError, match=r"cannot run kube-proxy of the subject ipvs@1\.37"):
        RunningKindCluster(record(TODAY.name)).replace_proxy("x-worker", parse("ipvs@1.37", "1.37"))
    with pytest.raises(UsageError, match="they can run that of none but their image"):
        RunningKindCluster(replace(record(), proxies=())).replace_proxy("x-worker", TODAY)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("iptables@1.36", "iptables@1.36", "have the name"),
        ("userspace@1.25", "iptables@1.25", r"1\.37 does not have userspace mode"),
        ("iptables@1.37", "iptables@1.38", "1.38 is not pinned"),
        ("iptables@1.36.1", "iptables@1.37", "1.36.1 is not pinned"),
    ],
)
def test_what_cannot_follow_one_another_on_nodes_of_kind(first: str, second: str, words: str) -> None:
    spec = ClusterSpec("x", parse(first, "1.37"), replacements=(parse(second, "1.37"),))
    with pytest.raises(UsageError, match=words):
        require_makeable(spec)
    require_makeable(ClusterSpec("x", TODAY, replacements=(NEXT,)))
