"""Nodes of a kind cluster get another kube-proxy one by one, by a DaemonSet whose pods are deleted.

Runs only where a Docker daemon answers that has the images (`gauntlet images build`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from gauntlet.build import docker
from gauntlet.providers import ClusterSpec, connect, provider
from gauntlet.providers.protocol import ProxyDoesNotServe, RollingCluster
from gauntlet.proxy import metrics, process
from gauntlet.proxy.health import healthy
from gauntlet.subject import Subject, parse
from tests.cluster.kind.test_live import LACK

pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)
NAME = f"test-replace-{os.getpid()}"
# What it says last is what a person needs.
DEAD = """#!/bin/sh
if [ "$1" = --version ]; then echo Kubernetes v1.37.2; exit 0; fi
echo "no such luck" >&2
exit 1
"""


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> tuple[Subject, ...]:
    """Today's, the next one, and one that does not start."""
    dead = tmp_path_factory.mktemp("dead") / "kube-proxy"
    dead.write_text(DEAD)
    dead.chmod(0o755)
    return tuple(parse(each, "1.37") for each in ("iptables@1.36", "nftables@1.37", f"dead=iptables@{dead}"))


@pytest.fixture(scope="module")
def cluster(subjects: tuple[Subject, ...]) -> Iterator[RollingCluster]:
    kind = provider("kind")
    made = kind.create(ClusterSpec(NAME, subjects[0], replacements=subjects[1:], nodes=2))
    assert isinstance(made, RollingCluster)
    yield made
    kind.delete(NAME)
    assert not docker.run("ps", "--all", "--quiet", "--filter", f"name={NAME}").split()


def versions(cluster: RollingCluster) -> list[str]:
    """By their own word, in the order of nodes."""
    return [metrics.read(node).version for node in cluster.nodes]


def test_it_comes_up_as_today_under_the_newest_control_plane(cluster: RollingCluster) -> None:
    assert versions(cluster) == ["1.36.3", "1.36.3"]
    assert (cluster.version, cluster.control_plane_version, str(cluster.mode)) == ("1.36.3", "1.37.2", "iptables")


def test_one_node_after_the_other_and_back(cluster: RollingCluster, subjects: tuple[Subject, ...]) -> None:
    first, second = (node.name for node in cluster.nodes)
    kept = process.present(cluster.nodes[1])
    cluster.replace_proxy(first, subjects[1])
    assert versions(cluster) == ["1.37.2", "1.36.3"]
    assert process.present(cluster.nodes[1]) == kept
    assert (cluster.subject_of(first).name, cluster.subject_of(second).name, cluster.version) == (
        "nftables@1.37",
        "iptables@1.36",
        "1.36.3",
    )
    cluster.replace_proxy(second, subjects[1])
    assert (cluster.version, str(cluster.mode)) == ("1.37.2", "nftables")
    assert connect(cluster.kubeconfig).version == "1.37.2"
    for node in cluster.nodes:
        cluster.replace_proxy(node.name, subjects[0])
    assert (versions(cluster), cluster.version, str(cluster.mode)) == (["1.36.3", "1.36.3"], "1.36.3", "iptables")


def test_a_kube_proxy_that_does_not_start(cluster: RollingCluster, subjects: tuple[Subject, ...]) -> None:
    first, other = cluster.nodes
    kept = process.present(other)
    with pytest.raises(ProxyDoesNotServe, match=f"dead does not serve on {first.name}") as failed:
        cluster.replace_proxy(first.name, subjects[2])
    assert "no such luck" in failed.value.what
    assert process.present(other) == kept
    assert other.run(healthy(other), check=False).code == 0
    cluster.replace_proxy(first.name, subjects[0])
    assert versions(cluster) == ["1.36.3", "1.36.3"]
