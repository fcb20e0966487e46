"""What kube-proxies that are gone have left on the nodes."""

from __future__ import annotations

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.proxy.residue import foreign
from gauntlet.proxy.tools import Tools
from gauntlet.upgrade.leftovers import Remains, lasting_lines, residue

CHAIN, SET, LINK, TABLE = (
    "iptables: :KUBE-SERVICES - [0:0]",
    "ipset: KUBE-CLUSTER-IP",
    "link: kube-ipvs0:",
    "nft: table ip kube-proxy",
)
OLD_CHAIN = "iptables: :KUBE-SVC-OLD - [0:0]"
OWN = {
    ProxyMode.IPTABLES: frozenset({CHAIN}),
    ProxyMode.USERSPACE: frozenset({CHAIN}),
    ProxyMode.IPVS: frozenset({CHAIN, SET, LINK}),
    ProxyMode.NFTABLES: frozenset({TABLE}),
}


@pytest.mark.parametrize("mode", list(ProxyMode))
def test_what_a_mode_makes_itself_is_not_left_behind(mode: ProxyMode) -> None:
    found = residue({"node-1": Remains(mode, OWN[mode])}, 0)
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)


@pytest.mark.parametrize("mode", list(ProxyMode))
@pytest.mark.parametrize("gone", list(ProxyMode))
def test_what_only_another_mode_makes_is(mode: ProxyMode, gone: ProxyMode) -> None:
    lines = OWN[mode] | OWN[gone]
    assert frozenset(foreign(lines, mode)) == OWN[gone] - OWN[mode]
    found = residue({"node-1": Remains(mode, lines)}, 0)
    assert (found.verdict is Verdict.FAIL) == bool(OWN[gone] - OWN[mode])


@pytest.mark.parametrize("mode", list(ProxyMode))
@pytest.mark.parametrize("tools", list(Tools))
def test_what_is_written_by_the_other_iptables_was_left_whatever_the_mode(mode: ProxyMode, tools: Tools) -> None:
    other = {CHAIN.replace("iptables", f"{family}-{tools}") for family in ("iptables", "ip6tables")}
    found = residue({"node-1": Remains(mode, OWN[mode] | other)}, 0)
    assert (found.verdict, found.figure) == (Verdict.FAIL, 2.0)


def test_chains_of_the_same_mode_are_left_if_they_were_not_there_before() -> None:
    lines = OWN[ProxyMode.IPTABLES] | {OLD_CHAIN}
    assert residue({"node-1": Remains(ProxyMode.IPTABLES, lines)}, 0).verdict is Verdict.PASS
    found = residue({"node-1": Remains(ProxyMode.IPTABLES, lines, OWN[ProxyMode.IPTABLES])}, 0)
    assert (found.verdict, found.figure, found.details) == (Verdict.FAIL, 1.0, (f"node-1: {OLD_CHAIN}",))
    assert residue({"node-1": Remains(ProxyMode.IPTABLES, lines, lines)}, 0).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("mode", "earlier", "expected"),
    [
        (ProxyMode.IPTABLES, ProxyMode.IPTABLES, Verdict.MEASURED),
        (ProxyMode.NFTABLES, ProxyMode.NFTABLES, Verdict.MEASURED),
        (ProxyMode.IPTABLES, ProxyMode.IPVS, Verdict.MEASURED),
        (ProxyMode.NFTABLES, ProxyMode.IPTABLES, Verdict.PASS),
        (ProxyMode.IPTABLES, None, Verdict.PASS),
    ],
)
def test_what_cannot_be_told_from_its_own_is_not_nothing(
    mode: ProxyMode, earlier: ProxyMode | None, expected: Verdict
) -> None:
    found = residue({"node-1": Remains(mode, OWN[mode], earlier=earlier)}, 0)
    assert found.verdict is expected
    assert ("nothing left behind" in found.reason) == (expected is Verdict.PASS)
    # Learnt together with what was left, it tells no more.
    assert residue({"node-1": Remains(mode, OWN[mode], OWN[mode], earlier)}, 0).verdict is expected


@pytest.mark.parametrize(
    ("line", "modes"),
    [
        ("ip6tables: :KUBE-SVC-ABC - [0:0]", [ProxyMode.IPTABLES]),
        ("iptables: :KUBE-NODEPORTS - [0:0]", [ProxyMode.IPTABLES]),
        ("iptables: -A KUBE-SERVICES -j KUBE-SVC-ABC", [ProxyMode.IPTABLES]),
        ("iptables: -A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT", [ProxyMode.IPVS]),
        ("iptables: :KUBE-NODE-PORT - [0:0]", [ProxyMode.IPVS]),
        ("iptables: -A FORWARD -j KUBE-IPVS-FILTER", [ProxyMode.IPVS]),
        ("iptables: :KUBE-PORTALS-HOST - [0:0]", [ProxyMode.USERSPACE]),
        ("iptables: :KUBE-POSTROUTING - [0:0]", [ProxyMode.IPTABLES, ProxyMode.IPVS, ProxyMode.USERSPACE]),
        ("ipvs: TCP 0A600001:01BB", [ProxyMode.IPVS]),
        ("nft: ip chain service-ABC", [ProxyMode.NFTABLES]),
    ],
)
def test_which_modes_make_it(line: str, modes: list[ProxyMode]) -> None:
    assert {mode for mode in ProxyMode if not foreign([line], mode)} == set(modes)


def test_chains_of_the_kubelet_stay_by_design() -> None:
    chain = frozenset({"iptables: :KUBE-FIREWALL - [0:0]", "iptables: -A INPUT -j KUBE-FIREWALL"})
    found = residue({"node-1": Remains(ProxyMode.NFTABLES, OWN[ProxyMode.NFTABLES] | chain)}, 0)
    assert (found.verdict, found.figure) == (Verdict.PASS, 0.0)
    assert "2 of chains that are the kubelet's too, by design" in found.reason
    jump = frozenset({"iptables: -A KUBE-FIREWALL -j KUBE-SERVICES"})
    assert residue({"node-1": Remains(ProxyMode.NFTABLES, OWN[ProxyMode.NFTABLES] | jump)}, 0).figure == 1.0


def test_chains_of_a_service_that_changes_are_left_out() -> None:
    kept = {"nft: ip chain endpoint-AB-up/echo/tcp/http__10.0.0.1/80", "iptables: :KUBE-SEP-AB - [0:0]"}
    gone = "nft: ip chain endpoint-CD-up/changing/tcp/http__10.0.0.2/80"
    assert lasting_lines({*kept, gone}, ("passing", "changing")) == kept


def test_what_an_earlier_phase_has_reported_is_measured_and_more_than_it_fails() -> None:
    nodes = {"node-1": Remains(ProxyMode.NFTABLES, frozenset({TABLE, CHAIN, SET}))}
    both = [("node-1", CHAIN), ("node-1", SET)]
    found = residue(nodes, 0, both)
    assert (found.verdict, found.figure) == (Verdict.MEASURED, 2.0)
    found = residue(nodes, 1, both[:1])
    assert (found.verdict, found.figure, found.details) == (Verdict.FAIL, 2.0, (f"node-1: {SET}",))


def test_every_node_counts_and_as_much_as_is_promised_passes() -> None:
    nodes = {
        "node-1": Remains(ProxyMode.NFTABLES, frozenset({TABLE, CHAIN})),
        "node-2": Remains(ProxyMode.NFTABLES, frozenset({TABLE, CHAIN, SET})),
    }
    found = residue(nodes, 2)
    assert (found.verdict, found.figure) == (Verdict.FAIL, 3.0)
    assert "3 left behind on 2 nodes, 2 of them on node-2" in found.reason
    assert residue(nodes, 3).verdict is Verdict.PASS


def test_a_node_without_any_mark_of_a_kube_proxy_is_inconclusive() -> None:
    nodes = {
        "node-1": Remains(ProxyMode.NFTABLES, OWN[ProxyMode.NFTABLES]),
        "node-2": Remains(ProxyMode.NFTABLES, frozenset()),
    }
    found = residue(nodes, 0)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "node-2" in found.reason
    assert residue({}, 0).verdict is Verdict.INCONCLUSIVE
