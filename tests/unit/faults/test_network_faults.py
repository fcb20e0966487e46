"""The rules of network faults, for each IP family that a cluster has."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from gauntlet.faults import FAULTS
from gauntlet.faults.fault import Scene
from gauntlet.faults.network_fault import NetworkFault
from gauntlet.ground.cluster import Cluster, Node
from gauntlet.ground.family import Addressed, Family
from gauntlet.ground.journal.store import Journal

V4, V6 = Family.IPV4, Family.IPV6


class Place(Addressed):
    """What a network fault asks of a node."""

    def __init__(self, index: int, *families: Family) -> None:
        self.name = f"node-{index}"
        addresses = {V4: f"10.77.0.{10 + index}", V6: f"fd10:77::{10 + index}"}
        ranges = {V4: f"10.244.{index}.0/24", V6: f"fd10:244:0:{index}::/64"}
        self.addresses = tuple(addresses[family] for family in families)
        self.pod_cidrs = tuple(ranges[family] for family in families)


def fault(name: str, folder: Path, *families: Family, api: str = "10.77.0.2:6443") -> NetworkFault:
    nodes = [Place(index, *families) for index in (1, 2, 3)]
    cluster = SimpleNamespace(families=families, nodes=nodes, api_address=api)
    scene = Scene(cast(Cluster, cluster), cast(Node, nodes[0]), Journal(folder), None, 60.0)
    made = FAULTS[name](scene, FAULTS[name].parameters())
    assert isinstance(made, NetworkFault)
    return made


def restored(made: NetworkFault) -> dict[str, str]:
    """What each iptables-restore is given, by its name."""
    return {act[2].split("| ")[1].split()[0]: act[4] for act in made.plan().act}


def test_a_partition_cuts_both_families(tmp_path: Path) -> None:
    tables = restored(fault("partition-nodes", tmp_path, V4, V6))
    assert list(tables) == ["iptables-restore", "ip6tables-restore"]
    assert "-s 10.77.0.12,10.244.2.0/24,10.77.0.13,10.244.3.0/24 " in tables["iptables-restore"]
    assert "-s fd10:77::12,fd10:244:0:2::/64,fd10:77::13,fd10:244:0:3::/64 " in tables["ip6tables-restore"]
    assert "-s 10.77.0.2 -j RETURN" in tables["iptables-restore"]
    assert "10.77" not in tables["ip6tables-restore"]


@pytest.mark.parametrize("name", ["partition-nodes", "packet-loss"])
def test_neighbours_go_on_finding_each_other(name: str, tmp_path: Path) -> None:
    """As they do by ARP: before any packet is dropped."""
    tables = restored(fault(name, tmp_path, V4, V6))
    before_first_drop = tables["ip6tables-restore"].partition("-j DROP")[0]
    assert all(f"--icmpv6-type {kind} -j RETURN" in before_first_drop for kind in (135, 136))
    assert "icmp" not in tables["iptables-restore"]


@pytest.mark.parametrize(("families", "tools"), [((V4,), ["iptables"]), ((V6,), ["ip6tables"])])
def test_a_cluster_of_one_family_is_hurt_in_that(families: tuple[Family], tools: list[str], tmp_path: Path) -> None:
    api = {V4: "10.77.0.2:6443", V6: "[fd10:77::2]:6443"}[families[0]]
    for name in ("partition-nodes", "packet-loss", "partition-api"):
        made = fault(name, tmp_path, *families, api=api)
        assert [each.removesuffix("-restore") for each in restored(made)] == tools
        plan = made.plan()
        commands = " ".join(word for argv in (*plan.undo, plan.check) for word in argv)
        assert ("ip6tables" in commands) is (V6 in families)
        assert (" iptables" in f" {commands}") is (V4 in families)


def test_the_api_server_is_cut_off_at_its_one_address(tmp_path: Path) -> None:
    tables = restored(fault("partition-api", tmp_path, V4, V6))
    assert list(tables) == ["iptables-restore"]
    tables = restored(fault("partition-api", tmp_path, V6, api="[fd10:77::2]:6443"))
    assert "-s fd10:77::2 -p tcp --sport 6443 " in tables["ip6tables-restore"]


def test_what_undoes_it_is_kept_for_both_families(tmp_path: Path) -> None:
    plan = fault("partition-nodes", tmp_path, V4, V6).plan()
    undone = [(argv[2].split()[0], argv[2].split()[4]) for argv in plan.undo]
    assert undone == [(tool, table) for tool in ("iptables", "ip6tables") for table in ("raw", "mangle")]
    assert all(f"{tool}-save -t {table}" in plan.check[2] for tool, table in undone)
