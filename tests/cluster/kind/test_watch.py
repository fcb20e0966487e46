"""`gauntlet watch` on kind, around what people do to clusters: kube-proxy restarted by its DaemonSet, a node drained.

Runs only where a Docker daemon answers that has the images (`gauntlet images build`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.frames import pl
from gauntlet.ground.history import History
from gauntlet.providers import ClusterSpec, KindOptions, provider
from gauntlet.providers.kind import tools
from gauntlet.subject import plain
from tests.cluster.kind.test_live import LACK
from tests.cluster.upgrade.upgrading import results_folder
from tests.cluster.upgrade.watched import ended, start

pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)
NAME = f"test-kind-watch-{os.getpid()}"
OUT_S = 1.5
# Nothing that pods on a node ask of DNS by UDP comes through; what they ask by TCP does.
UDP_NAMES = "ip daddr 10.96.0.0/16 udp dport 53"
DROPS = f"table ip outage {{ chain halt {{ type filter hook prerouting priority -310; {UDP_NAMES} drop; }}; }}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    kind = provider("kind")
    yield kind.create(ClusterSpec(NAME, plain(ProxyMode.IPTABLES), nodes=2))
    kind.delete(NAME)


@pytest.fixture(scope="module")
def kubectl(cluster: Cluster) -> str:
    """The beginning of a command line in a shell."""
    program = tools.find(KindOptions(), DEFAULT_VERSION).kubectl
    return f"{program} --kubeconfig={cluster.kubeconfig}"


def resolved(tmp_path: Path) -> pl.DataFrame:
    """The attempts at the cluster's own DNS."""
    attempts = History.load(results_folder(tmp_path) / "evidence" / "watch").attempts
    return attempts.filter(pl.col("service") == "kube-system/kube-dns")


def test_a_rollout_restart_is_waited_for_and_costs_nobody_anything(
    cluster: Cluster, kubectl: str, tmp_path: Path
) -> None:
    """The command ends at once, long before the last node has its next kube-proxy."""
    command = [*kubectl.split(), "-n", "kube-system", "rollout", "restart", "daemonset/kube-proxy"]
    found = ended(start(cluster, tmp_path, "--", *command), cluster, tmp_path)
    assert (found.code, found.answer, found.failed) == (0, "may", set()), found.output
    nodes = {node.name for node in cluster.nodes}
    assert found.nodes_of("proxy_stopped") == found.nodes_of("proxy_replaced") == nodes
    assert found.watch.losses == ()
    assert set(found.watch.versions_before) == nodes
    assert found.watch.versions_before == found.watch.versions_after
    names = resolved(tmp_path)
    assert set(names["outcome"]) == {"ok"}
    assert set(names["protocol"]) == {"udp", "tcp"}
    assert set(names["client_node"]) == nodes
    assert "no client that resolved a name noticed anything" in " ".join(found.output.split())


def test_what_resolvers_lose_is_told_of_them_alone(cluster: Cluster, tmp_path: Path) -> None:
    hurt = cluster.nodes[0].name
    script = f"nft '{DROPS}' && sleep {OUT_S} && nft delete table ip outage"
    found = ended(start(cluster, tmp_path, "--", "docker", "exec", hurt, "sh", "-c", script), cluster, tmp_path)
    assert (found.code, found.answer, found.failed) == (1, "may not", {"outage: DNS", "availability: DNS"}), (
        found.output
    )
    (loss,) = found.watch.losses
    assert (loss.node, loss.what) == (hurt, "new UDP by dns")
    # nft itself takes a moment, before and after.
    assert loss.seconds - loss.resolution_s - 0.3 <= OUT_S <= loss.seconds + loss.resolution_s
    names = resolved(tmp_path)
    assert set(names.filter(pl.col("protocol") == "tcp")["outcome"]) == {"ok"}


def test_a_drain_leaves_the_clients_where_they_are(cluster: Cluster, kubectl: str, tmp_path: Path) -> None:
    # The control plane came first, and has all servers of the cluster's DNS: a drain that moves them costs resolvers
    # what no kube-proxy could spare them.
    node = cluster.nodes[0].name
    drain = f"{kubectl} drain {node} --ignore-daemonsets --delete-emptydir-data --timeout=60s"
    found = ended(
        start(cluster, tmp_path, "--", "sh", "-c", f"{drain} && {kubectl} uncordon {node}"), cluster, tmp_path
    )
    assert (found.code, found.answer, found.failed) == (0, "may", set()), found.output
    assert found.nodes_of("node_cordoned") == found.nodes_of("node_uncordoned") == {node}
    assert found.nodes_of("proxy_stopped") == set()
    assert found.watch.losses == ()
    # A client that is here from the beginning to the end comes once.
    assert "client_left" not in {each.kind for each in found.watch.events}
