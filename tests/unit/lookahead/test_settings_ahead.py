"""Flags, fields, gates and skew."""

from __future__ import annotations

import pytest

from gauntlet.doctor.cluster_check.node_probe import Process
from gauntlet.doctor.cluster_check.report import Level
from gauntlet.proxy.changes import GATES
from gauntlet.proxy.configuration import of_flags
from tests.unit.cluster_check.facts import pod
from tests.unit.lookahead.sights import configured, facts, nodes, outlook, proxy, silent, standing, told


@pytest.mark.parametrize(
    ("flag", "last", "next_one"), [("udp-timeout", "1.25", "1.26"), ("proxy-port-range", "1.30", "1.31")]
)
def test_a_flag_that_is_gone(flag: str, last: str, next_one: str) -> None:
    process = (Process(7, "S", ("kube-proxy", f"--{flag}=1", "--proxy-mode=iptables")),)
    told(
        outlook(next_one, proxy("mode: iptables", processes=process)), Level.PROBLEM, "flags", f"does not know --{flag}"
    )
    silent(outlook(last, proxy("mode: iptables", processes=process)), "flags")


def test_flags_of_a_process_that_cannot_be_seen_are_those_of_its_pod() -> None:
    own = pod("node-1")
    (container,) = own.spec.containers
    flagged = container.model_copy(update={"command": ("kube-proxy",), "args": ("--udp-timeout", "1s")})
    spec = own.spec.model_copy(update={"containers": (flagged,)})
    on = facts(pods=(own.model_copy(update={"spec": spec}),))
    told(outlook("1.37", proxy(processes=(), unseen="no way in"), on=on), Level.PROBLEM, "flags", "--udp-timeout")


def test_fields_that_do_nothing_are_warnings() -> None:
    old = proxy("mode: iptables", "udpIdleTimeout: 250ms", "portRange: 1-9")
    told(outlook("1.37", old), Level.WARNING, "fields", "does not know the field udpIdleTimeout")
    told(outlook("1.37", old), Level.WARNING, "fields", "the field portRange does nothing in 1.37")
    silent(outlook("1.25", old), "fields")
    silent(outlook("1.37", proxy("mode: iptables", 'portRange: ""')), "fields")


@pytest.mark.parametrize(
    ("gate", "to", "level", "words"),
    [
        ("{TopologyAwareHints: true}", "1.36", Level.PROBLEM, "since 1.35 was the last version with it"),
        ("{TopologyAwareHints: true}", "1.35", Level.WARNING, "is always true in 1.35"),
        ("{TopologyAwareHints: false}", "1.35", Level.PROBLEM, "set to false, and 1.35 refuses that"),
        ("{NFTablesNetlink: false}", "1.36", Level.PROBLEM, "which does not have it yet"),
        ("{SomethingElse: true}", "1.37", Level.UNKNOWN, "of which the gauntlet knows nothing"),
    ],
)
def test_a_gate_that_the_version_refuses(gate: str, to: str, level: Level, words: str) -> None:
    told(outlook(to, proxy("mode: iptables", f"featureGates: {gate}")), level, "gates", words)


def test_a_gate_that_the_version_takes() -> None:
    silent(outlook("1.32", proxy("mode: iptables", "featureGates: {TopologyAwareHints: false}")), "gates")
    silent(outlook("1.37", proxy("mode: iptables", "featureGates: {NFTablesNetlink: false}")), "gates")


def test_the_table_of_gates_is_in_order() -> None:
    for gate in GATES:
        since = [spell.since for spell in gate.spells]
        assert since == sorted(since), gate.name
        assert gate.last >= since[-1], gate.name
    assert len({gate.name for gate in GATES}) == len(GATES)


def test_settings_that_mean_nothing_in_the_new_mode() -> None:
    ipvs = proxy(
        "mode: ipvs", "ipvs: {scheduler: lc, strictARP: true, syncPeriod: 30s, minSyncPeriod: 0s}", mode="ipvs"
    )
    found = told(outlook("nftables@1.37", ipvs), Level.WARNING, "settings", "nftables mode does not heed")
    assert found.what == "nftables mode does not heed ipvs.scheduler: lc, ipvs.strictARP: true"
    silent(outlook("1.37", ipvs), "settings")
    silent(outlook("nftables@1.37", proxy("mode: ipvs", "ipvs: {scheduler: ''}", mode="ipvs")), "settings")


def test_masquerading_all_is_not_carried_over_by_itself() -> None:
    old = proxy("mode: iptables", "iptables: {masqueradeAll: true, masqueradeBit: 14}")
    problem = told(outlook("nftables@1.37", old), Level.PROBLEM, "settings", "iptables.masqueradeAll is true")
    assert problem.remedy == "set nftables.masqueradeAll: true as well"
    both = proxy("mode: iptables", "iptables: {masqueradeAll: true}", "nftables: {masqueradeAll: true}")
    silent(outlook("nftables@1.37", both), "settings")
    # ipvs mode reads it from the section of iptables.
    silent(outlook("ipvs@1.37", old), "settings")


def test_flags_say_what_fields_do() -> None:
    flags = (
        "--proxy-mode=ipvs",
        "--ipvs-strict-arp",
        "--nodeport-addresses=10.0.0.0/8,::/0",
        "--feature-gates=A=true,B=false",
    )
    assert of_flags(flags).fields == {
        "mode": "ipvs",
        "ipvs": {"strictARP": True},
        "nodePortAddresses": ["10.0.0.0/8", "::/0"],
        "featureGates": {"A": True, "B": False},
    }


def test_fields_are_kept_as_they_are_written() -> None:
    assert configured("mode: ipvs", "ipvs: {strictARP: true}").fields == {"mode": "ipvs", "ipvs": {"strictARP": True}}


@pytest.mark.parametrize(
    ("server", "to", "words"),
    [
        ("1.36.3", "1.37", "kube-proxy 1.37 is newer than the API server, 1.36.3"),
        ("1.37.2", "1.33", "kube-proxy 1.33 is too old for the API server, 1.37.2"),
    ],
)
def test_a_skew_that_kubernetes_does_not_support(server: str, to: str, words: str) -> None:
    told(outlook(to, on=facts(version=server)), Level.PROBLEM, "skew", words)


def test_a_skew_that_it_supports() -> None:
    assert standing(outlook("1.34", on=facts(version="1.37.2"))) == []


@pytest.mark.parametrize(("kubelet", "level"), [("v1.33.13", Level.PROBLEM), ("v1.34.4", Level.OK)])
def test_a_kubelet_that_is_too_far_away(kubelet: str, level: Level) -> None:
    old = facts(nodes=nodes(nodeInfo={"kubeletVersion": kubelet}))
    told(outlook("1.37", on=old), level, "skew", "beside")


def test_the_next_version_takes_the_control_plane_along() -> None:
    found = outlook(None, proxy("mode: iptables", version="1.36.3"), on=facts(version="1.36.3"))
    told(found, Level.WARNING, "skew", "kube-proxy 1.37 is newer than the API server")
    assert found.is_clear
