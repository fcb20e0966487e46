"""A node of a running cluster is given another kube-proxy, as a rolling update of the DaemonSet does."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauntlet.build.binaries import ensure
from gauntlet.ground.cluster import CommandFailed, Host, Node, ProxyMode
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.waiting import until
from gauntlet.providers import ClusterSpec, connect, provider
from gauntlet.providers.protocol import RollingCluster
from gauntlet.proxy import residue
from gauntlet.subject import Subject, parse_all
from tests.cluster.sandbox.conftest import Namespace

BROKEN_GATE = "broken=nftables+NoSuchGate"


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> tuple[Subject, ...]:
    """iptables, nftables by a program of our own, and one that does not start."""
    own = tmp_path_factory.mktemp("own") / "kube-proxy"
    shutil.copy(ensure().path("kube-proxy"), own)
    return parse_all(f"before=iptables,after=nftables@{own},{BROKEN_GATE}", "1.37")


@pytest.fixture(scope="module")
def cluster(subjects: tuple[Subject, ...]) -> Iterator[RollingCluster]:
    sandbox = provider("sandbox")
    name = f"test-roll-{os.getpid()}"
    made = sandbox.create(ClusterSpec(name, subjects[0], replacements=subjects[1:], nodes=2))
    assert isinstance(made, RollingCluster)
    yield made
    sandbox.delete(name)


def mode_that_runs(node: Node) -> str:
    return node.run(["curl", "--silent", "--fail", "http://127.0.0.1:10249/proxyMode"]).stdout


def program_that_runs(node: Node) -> str:
    return node.run(["sha256sum", f"/proc/{node.proxy_pid()}/exe"]).stdout.split()[0]


def modes_on(node: Node) -> tuple[ProxyMode, ...]:
    return residue.parse(node.run(["sh", "-c", residue.probe()]).stdout.splitlines())


def serves(client: Host, address: str) -> bool:
    try:
        return client.run(["curl", "--silent", "--fail", "--max-time", "1", f"http://{address}/hostname"]).stdout != ""
    except CommandFailed:
        return False


def test_node_by_node_there_and_back(
    cluster: RollingCluster, subjects: tuple[Subject, ...], namespace: Namespace
) -> None:
    before, after, _ = subjects
    first, second = cluster.nodes
    namespace.start("backend", first.name)
    service = namespace.service()
    namespace.wait_ready("backend")
    address = service.spec.cluster_ip
    for node in cluster.nodes:
        until(lambda node=node: serves(node, address), what=f"{node.name} is served", deadline_s=20.0)  # type: ignore[misc]
    old_pid, other_pid = first.proxy_pid(), second.proxy_pid()

    cluster.replace_proxy(first.name, after)
    assert (mode_that_runs(first), mode_that_runs(second)) == ("nftables", "iptables")
    assert first.proxy_pid() != old_pid
    assert second.proxy_pid() == other_pid
    assert after.program is not None
    assert program_that_runs(first) == first.run(["sha256sum", str(after.program)]).stdout.split()[0]
    assert modes_on(first) == (ProxyMode.NFTABLES,)
    assert [cluster.subject_of(node.name).name for node in cluster.nodes] == ["after", "before"]
    # Not all of them yet: the cluster is of the old subject, also for whoever connects.
    assert (cluster.subject.name, connect(cluster.kubeconfig).subject.name) == ("before", "before")
    assert all(serves(node, address) for node in cluster.nodes)

    cluster.replace_proxy(second.name, after)
    assert (cluster.mode, cluster.subject.name, cluster.version) == (ProxyMode.NFTABLES, "after", after.version)
    assert cluster.proxy_sha256 == program_that_runs(first)
    assert connect(cluster.kubeconfig).subject == cluster.subject
    assert all(serves(node, address) for node in cluster.nodes)

    for node in cluster.nodes:
        cluster.replace_proxy(node.name, before)
        assert mode_that_runs(node) == "iptables"
        assert modes_on(node) == (ProxyMode.IPTABLES,)
    assert (cluster.mode, cluster.subject.name, cluster.proxy_sha256) == (ProxyMode.IPTABLES, "before", "")
    assert all(serves(node, address) for node in cluster.nodes)


def test_the_same_again_is_a_restart(cluster: RollingCluster, subjects: tuple[Subject, ...]) -> None:
    node = cluster.nodes[0]
    old = node.proxy_pid()
    cluster.replace_proxy(node.name, subjects[0])
    assert node.proxy_pid() not in (None, old)
    assert mode_that_runs(node) == "iptables"


def test_a_crash_after_a_replacement_brings_back_the_new_one(
    cluster: RollingCluster, subjects: tuple[Subject, ...]
) -> None:
    node = cluster.nodes[0]
    cluster.replace_proxy(node.name, subjects[1])
    old = node.proxy_pid()
    node.run(["kill", "-KILL", str(old)])
    until(lambda: node.proxy_pid() not in (None, old), what="kube-proxy is back", deadline_s=10.0)
    until(lambda: "nftables" in _or_nothing(node), what="it is in nftables mode", deadline_s=20.0)
    cluster.replace_proxy(node.name, subjects[0])


def test_changes_of_the_configuration_go_with_the_kube_proxy_that_has_them(
    cluster: RollingCluster, subjects: tuple[Subject, ...]
) -> None:
    node = cluster.nodes[0]
    cluster.configure_proxies({"iptables": {"minSyncPeriod": "3s"}})
    cluster.replace_proxy(node.name, subjects[1])
    cluster.replace_proxy(node.name, subjects[0])
    said = node.run(["curl", "--silent", "--fail", "http://127.0.0.1:10249/configz"]).stdout
    (obeyed,) = json.loads(said).values()
    assert obeyed["iptables"]["minSyncPeriod"] != "3s"


def test_a_subject_that_the_world_does_not_have_is_refused(cluster: RollingCluster) -> None:
    (other,) = parse_all("other=nftables", "1.37")
    with pytest.raises(UsageError, match="before, after, broken"):
        cluster.replace_proxy(cluster.nodes[0].name, other)
    assert mode_that_runs(cluster.nodes[0]) == "iptables"


def test_one_that_does_not_start_leaves_the_other_nodes_alone_and_can_be_taken_back(
    cluster: RollingCluster, subjects: tuple[Subject, ...]
) -> None:
    first, second = cluster.nodes
    other_pid = second.proxy_pid()
    with pytest.raises(GauntletError, match="NoSuchGate") as caught:
        cluster.replace_proxy(first.name, subjects[2])
    assert caught.value.remedy
    assert second.proxy_pid() == other_pid
    assert cluster.subject_of(first.name).name == "broken"
    cluster.replace_proxy(first.name, subjects[0])
    assert mode_that_runs(first) == "iptables"


def test_a_stopped_kube_proxy_is_replaced_as_well(cluster: RollingCluster, subjects: tuple[Subject, ...]) -> None:
    node = cluster.nodes[0]
    node.run(["kill", "-STOP", str(node.proxy_pid())])
    cluster.replace_proxy(node.name, subjects[1])
    assert mode_that_runs(node) == "nftables"
    cluster.replace_proxy(node.name, subjects[0])


def test_files_of_a_world_stay_where_they_are_asked_for(cluster: RollingCluster) -> None:
    for node in cluster.nodes:
        arguments = node.run(["cat", f"/proc/{node.proxy_pid()}/cmdline"]).stdout.split("\0")
        (file,) = (each.removeprefix("--config=") for each in arguments if each.startswith("--config="))
        assert Path(file).is_file()


def _or_nothing(node: Node) -> str:
    try:
        return mode_that_runs(node)
    except CommandFailed:
        return ""
