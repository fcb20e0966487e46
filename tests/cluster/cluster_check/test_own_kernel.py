"""The cluster check on nodes with a kernel of their own: what can be set there alone, and ipvs mode."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from gauntlet import faults
from gauntlet.doctor.cluster_check import Level, Report, examine
from gauntlet.ground.cluster import Cluster, Node, NodeKernel, ProxyMode
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, Manifest
from gauntlet.providers import ClusterSpec, provider
from gauntlet.proxy import rules
from gauntlet.proxy.restart import await_anew
from gauntlet.subject import plain
from tests.unit.cluster_check.facts import bad, told

LIMIT = "/proc/sys/net/netfilter/nf_conntrack_max"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes in ipvs mode."""
    sandbox = provider("sandbox")
    name = f"check-ipvs-{os.getpid()}"
    yield sandbox.create(ClusterSpec(name=name, subject=plain(ProxyMode.IPVS), nodes=2, kernel=NodeKernel.OWN))
    sandbox.delete(name)


def check(cluster: Cluster) -> Report:
    return examine(Api(cluster.api), cluster.nodes)


def checked_after(cluster: Cluster, node: Node, command: str) -> Report:
    """What the check finds when a shell command was run on a node, while its kube-proxy is stopped."""
    pid = str(node.proxy_pid())
    node.run(("sh", "-c", f"kill -STOP {pid} && {command}"))
    try:
        return check(cluster)
    finally:
        node.run(("sh", "-c", f"kill -KILL {pid}"))
        await_anew(node, cluster, int(pid))


def test_ipvs_mode_is_sound_but_has_no_future(cluster: Cluster) -> None:
    found = check(cluster)
    assert found.sound
    assert {(each.level, each.what[:23]) for each in bad(found)} == {(Level.WARNING, "ipvs mode is deprecated")}
    told(found, Level.OK, "ipvs modules", "ip_vs, ip_vs_rr are loaded", "node-1")
    assert [each.services for each in found.nodes] == ["1/1", "1/1"]


def test_a_conntrack_table_that_is_nearly_full(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    before = node.run(("cat", LIMIT)).stdout.strip()
    # A tracked connection that stays, so that the table of a quiet node is not empty.
    add = ("conntrack", "-I", "-p", "tcp", "-s", "10.77.0.11", "-d", "10.77.0.12", "--sport", "9", "--dport", "9")
    node.run((*add, "--state", "ESTABLISHED", "-t", "600"))
    node.run(("sh", "-c", f"cat /proc/sys/net/netfilter/nf_conntrack_count > {LIMIT}"))
    try:
        found = check(cluster)
    finally:
        node.run(("sh", "-c", f"echo {before} > {LIMIT}"))
    told(found, Level.PROBLEM, "conntrack", "new connections are dropped", "node-1")
    assert not [each for each in bad(found) if each.check == "conntrack" and each.where == "node-2"]


def test_virtual_servers_that_are_cleared(cluster: Cluster) -> None:
    """kube-proxy would make them anew within syncPeriod; stopped, it cannot."""
    node = cluster.nodes[0]
    found = checked_after(cluster, node, "ipvsadm --clear")
    told(found, Level.PROBLEM, "rules", "1 x a place has no rule: default/kubernetes:https", "node-1")


def test_a_scheduler_that_is_missing(cluster: Cluster) -> None:
    fault = faults.create("scheduler-absent", cluster)
    fault.inject()
    fault.landed()
    try:
        found = check(cluster)
    finally:
        fault.heal()
        fault.healed()
    told(found, Level.PROBLEM, "ipvs modules", "not loaded: ip_vs_rr")
    assert not found.sound


def test_a_node_port_that_is_missing_at_one_address(cluster: Cluster) -> None:
    """kube-proxy, which would make it anew, is stopped; another NodePort is at that address too."""
    node, api, second = cluster.nodes[0], Api(cluster.api), "10.78.0.11"
    ports: list[Manifest] = [{"name": f"p{number}", "port": number, "nodePort": number} for number in (30180, 30181)]
    node.run(("ip", "address", "add", f"{second}/32", "dev", "lo"))
    service: Manifest = {"metadata": {"name": "two"}, "spec": {"type": "NodePort", "ports": ports}}
    api.post("/api/v1/namespaces/default/services", {"apiVersion": "v1", "kind": "Service", **service})
    try:
        until(
            lambda: (
                {each.port for each in rules.read(node, cluster.mode).routes if each.address == second}
                == {30180, 30181}
            ),
            what=f"the NodePorts are at {second}",
            deadline_s=60,
        )
        found = checked_after(cluster, node, f"ipvsadm --delete-service --tcp-service {second}:30181")
    finally:
        api.delete("/api/v1/namespaces/default/services/two")
        node.run(("ip", "address", "del", f"{second}/32", "dev", "lo"))
    words = "1 x a place has no rule, although the NodePort has one at another address of the node: default/two:p30181"
    told(found, Level.PROBLEM, "rules", f"{words} ({second}:30181/tcp)", "node-1")
