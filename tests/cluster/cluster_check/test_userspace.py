"""userspace mode, which says nothing of its syncs: the cluster check, and a restart that is awaited."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from gauntlet.doctor.cluster_check import Level, examine
from gauntlet.ground.cluster import Cluster, NodeKernel, ProxyMode
from gauntlet.kube.api import Api
from gauntlet.providers import ClusterSpec, provider
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy import rules
from gauntlet.proxy.restart import RESTART, await_anew
from gauntlet.subject import plain
from tests.unit.cluster_check.facts import told


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """One node in userspace mode, whose kube-proxy asks for more open files than a host may allow."""
    sandbox = provider("sandbox")
    name = f"check-userspace-{os.getpid()}"
    yield sandbox.create(ClusterSpec(name=name, subject=plain(ProxyMode.USERSPACE), nodes=1, kernel=NodeKernel.OWN))
    sandbox.delete(name)


def test_a_sound_kube_proxy_is_no_problem(cluster: Cluster) -> None:
    found = examine(Api(cluster.api), cluster.nodes)
    assert proxy_metrics.read(cluster.nodes[0]).syncs == 0
    assert [each for each in found.diagnoses if each.level in (Level.PROBLEM, Level.UNKNOWN)] == []
    told(found, Level.OK, "health", "userspace mode does not say when it synced", "node-1")


def test_a_restart_is_over_when_every_service_has_its_rules_again(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    before = {(each.address, each.port) for each in rules.read(node, cluster.mode).routes}
    old = node.proxy_pid()
    node.run(("sh", "-c", RESTART))

    assert await_anew(node, cluster, old) != old

    assert {(each.address, each.port) for each in rules.read(node, cluster.mode).routes} == before
