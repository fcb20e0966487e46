"""What a mode takes of a node, and who comes to its NodePorts today."""

from __future__ import annotations

import pytest

from gauntlet.doctor.cluster_check.cluster_facts import SERVICES
from gauntlet.doctor.cluster_check.report import Level
from gauntlet.doctor.lookahead.equipment import NONE, Equipment, parse
from tests.unit.cluster_check.facts import WEB, pod
from tests.unit.lookahead.sights import facts, metrics, nodes, outlook, proxy, silent, standing, told

GATE = "nftables@1.37+KubeProxyNFTablesLocalhostNodePorts"
WITH_NODE_PORT = facts(WEB)


@pytest.mark.parametrize(
    ("has", "level", "check", "words"),
    [
        (Equipment("5.10.0-28-amd64", "1.0.6"), Level.PROBLEM, "kernel", "takes kernel 5.13 or later; here is 5.10.0"),
        (Equipment("5.13.0", "1.0.6"), Level.OK, "kernel", "new enough"),
        (Equipment("", "1.0.6"), Level.UNKNOWN, "kernel", "nothing tells which one the node has"),
        (Equipment("6.1.0", "0.9.8"), Level.PROBLEM, "nft", "takes nft 1.0.1 or later; here is 0.9.8"),
        (Equipment("6.1.0", "1.0.1"), Level.OK, "nft", "new enough"),
        (Equipment("6.1.0", NONE), Level.PROBLEM, "nft", "runs as a process, has none"),
        (Equipment("6.1.0", ""), Level.UNKNOWN, "nft", "nothing tells which one the node has"),
    ],
)
def test_nftables_takes_a_kernel_and_an_nft(has: Equipment, level: Level, check: str, words: str) -> None:
    found = told(outlook("nftables@1.37", has=has), level, check, words)
    assert "122743" in found.source


def test_a_node_that_is_not_looked_at_tells_its_kernel_by_its_object() -> None:
    old = facts(nodes=nodes(nodeInfo={"kernelVersion": "5.4.0-42-generic"}))
    told(outlook("nftables@1.37", on=old, has=Equipment()), Level.PROBLEM, "kernel", "here is 5.4.0-42-generic")


def test_a_pod_brings_its_own_nft() -> None:
    in_pods = facts(pods=(pod("node-1"),))
    told(outlook("nftables@1.37", on=in_pods, has=Equipment("6.1.0", NONE)), Level.OK, "nft", "image brings one")


def test_other_modes_take_neither() -> None:
    found = outlook("1.37", has=Equipment("4.19.0", "0.9.0"))
    assert standing(found) == []
    assert not [each for each in found.diagnoses if each.check in ("kernel", "nft")]


def test_who_asks_node_ports_at_localhost_is_counted_by_kube_proxy() -> None:
    used = proxy("mode: iptables", counted=metrics("1.36.3", at_localhost=12.0))
    problem = told(outlook("nftables@1.37", used, on=WITH_NODE_PORT), Level.PROBLEM, "localhost", "12 packets came to")
    assert "KEP-6032" in problem.source
    told(
        outlook("nftables@1.37", on=WITH_NODE_PORT), Level.OK, "localhost", "no packet came to a NodePort at 127.0.0.1"
    )
    uncounted = proxy("mode: iptables", counted=metrics("1.36.3", at_localhost=None))
    unknown = told(outlook("nftables@1.37", uncounted, on=WITH_NODE_PORT), Level.UNKNOWN, "localhost", "is not counted")
    assert "localhostNodePorts: false" in unknown.remedy


@pytest.mark.parametrize(
    "lines",
    [
        ("mode: iptables", "iptables: {localhostNodePorts: false}"),
        ("mode: iptables", "nodePortAddresses: [10.77.0.0/16]"),
    ],
)
def test_what_is_not_served_at_localhost_today_is_not_lost(lines: tuple[str, ...]) -> None:
    silent(outlook("nftables@1.37", proxy(*lines, counted=metrics("1.36.3", None)), on=WITH_NODE_PORT), "localhost")


def test_ipvs_mode_serves_nothing_at_localhost_that_could_be_lost() -> None:
    ipvs = proxy("mode: ipvs", mode="ipvs", counted=metrics("1.36.3", None))
    silent(outlook("nftables@1.37", ipvs, on=WITH_NODE_PORT), "localhost")


def test_the_gate_of_1_37_serves_localhost() -> None:
    used = proxy("mode: iptables", counted=metrics("1.36.3", at_localhost=12.0))
    silent(outlook(GATE, used, on=WITH_NODE_PORT), "localhost")


def test_node_ports_at_other_addresses_of_a_node_are_lost_unless_they_are_listed() -> None:
    more = frozenset({"10.77.0.11", "192.168.7.4", "127.0.0.1", "::1", "fe80::1", "10.244.1.1"})
    two = proxy("mode: iptables", addresses=more)
    unknown = told(
        outlook("nftables@1.37", two, on=WITH_NODE_PORT), Level.UNKNOWN, "NodePorts", "comes by 192.168.7.4 "
    )
    assert "set nodePortAddresses" in unknown.remedy
    listed = proxy("mode: iptables", "nodePortAddresses: [0.0.0.0/0]", addresses=more)
    silent(outlook("nftables@1.37", listed, on=WITH_NODE_PORT), "NodePorts")
    one = proxy("mode: iptables", addresses=more - {"192.168.7.4"})
    silent(outlook("nftables@1.37", one, on=WITH_NODE_PORT), "NodePorts")
    told(
        outlook("nftables@1.37", proxy("mode: iptables", addresses=frozenset()), on=WITH_NODE_PORT),
        Level.UNKNOWN,
        "NodePorts",
        "which addresses the node has is not known",
    )


def test_node_ports_stay_where_they_are_within_a_mode() -> None:
    more = frozenset({"10.77.0.11", "192.168.7.4"})
    silent(outlook("1.37", proxy("mode: iptables", addresses=more), on=WITH_NODE_PORT), "NodePorts")
    new = proxy("mode: nftables", mode="nftables", addresses=more)
    silent(outlook("1.37", new, on=WITH_NODE_PORT), "NodePorts")


def test_without_node_ports_nobody_asks_for_them() -> None:
    used = proxy("mode: iptables", counted=metrics("1.36.3", at_localhost=None), addresses=frozenset())
    found = outlook("nftables@1.37", used, on=facts())
    silent(found, "localhost")
    told(found, Level.OK, "NodePorts", "no Service has a NodePort")


def test_services_that_may_not_be_read_are_not_taken_for_none() -> None:
    hidden = outlook("nftables@1.37", on=facts(forbidden=(SERVICES,)))
    told(hidden, Level.UNKNOWN, "access", f"does not let us read {SERVICES}")
    assert not [each for each in hidden.diagnoses if each.what == "no Service has a NodePort"]


def test_packets_that_the_mode_of_today_drops_as_invalid() -> None:
    dropping = proxy("mode: iptables", counted=metrics("1.36.3", invalid=7.0))
    warning = told(outlook("nftables@1.37", dropping), Level.WARNING, "conntrack", "dropped 7 packets")
    assert "tcpBeLiberal: true" in warning.remedy
    silent(outlook("nftables@1.37"), "conntrack")
    silent(outlook("1.37", dropping), "conntrack")
    liberal = proxy("mode: iptables", "conntrack: {tcpBeLiberal: true}", counted=metrics("1.36.3", invalid=7.0))
    silent(outlook("nftables@1.37", liberal), "conntrack")


@pytest.mark.parametrize(
    ("text", "equipment"),
    [
        ("kernel 6.18.0\nnft nftables v1.0.6 (Lester Gooch #5)\n", Equipment("6.18.0", "1.0.6")),
        ("kernel 5.4.0-42-generic\nnft none\n", Equipment("5.4.0-42-generic", NONE)),
        ("kernel 6.1.0\nnft nftables of somebody\n", Equipment("6.1.0", "")),
        ("", Equipment()),
    ],
)
def test_what_a_node_prints(text: str, equipment: Equipment) -> None:
    assert parse(text) == equipment
