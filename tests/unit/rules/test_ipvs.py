"""The reader of ipvs mode, on what kube-proxy 1.37.2 made in a kernel of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.history import Protocol
from gauntlet.proxy.ipvs import RealServer, VirtualServer
from gauntlet.proxy.residue import mode_of
from gauntlet.proxy.rules import Action, Forwarding, Route, Share, explain, iptables, ipvs, read, size
from gauntlet.proxy.rules.explanation import describe
from tests.unit.rules.node import IPVS_PARTS, SAVED, Captured, ipvs_text

MODEL = ipvs.forwarding(ipvs_text())
NODE = "10.77.0.11"
THREE = "10.103.40.62"
NONE = "10.96.19.239"
# Where the captures differ for another reason than the mode: the API server stood elsewhere.
API = "10.96.0.1"
LOCAL = {("10.99.0.2", 80), ("10.99.0.2", 53), (NODE, 30413), (NODE, 30894)}


def only(model: Forwarding, address: str, port: int) -> Route:
    (route,) = model.find(address, port)
    return route


def rounded(shares: tuple[Share, ...]) -> tuple[tuple[str, int, float], ...]:
    return tuple((share.address, share.port, round(share.probability, 6)) for share in shares)


def comparable(model: Forwarding) -> dict[tuple[str, int, Protocol], Route]:
    return {(each.address or NODE, each.port, each.protocol): each for each in model.routes if each.address != API}


def test_forwards_like_iptables_mode() -> None:
    ours, theirs = comparable(MODEL), comparable(iptables.forwarding(SAVED))
    assert ours.keys() == theirs.keys()
    for key, route in ours.items():
        other = theirs[key]
        assert (route.action, route.affinity) == (other.action, other.affinity), key
        assert rounded(route.outside) == rounded(other.outside), key
        if key[:2] not in LOCAL:
            assert rounded(route.inside) == rounded(other.inside), key


def test_unlike_iptables_mode_local_traffic_policy_binds_clients_inside_too() -> None:
    for address, port in LOCAL:
        route = only(MODEL, address, port)
        assert {share.address: share.probability for share in route.inside} == {"10.244.1.2": 0.5, "10.244.1.3": 0.5}


def test_a_node_port_is_masqueraded_once_its_entry_and_the_rule_are_there() -> None:
    text = ipvs_text()
    entry, rule = "add KUBE-NODE-PORT-TCP 31552\n", "--match-set KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ"
    assert text.count(entry) == text.count(rule) == 1
    assert ipvs.masquerades(text, 31552)
    assert not ipvs.masquerades(text.replace(entry, ""), 31552)
    assert not ipvs.masquerades(text.replace(rule, "-j RETURN"), 31552)


def test_service_without_endpoints_is_refused_by_the_kernel() -> None:
    for address, port in ((NONE, 80), (NODE, 31552)):
        route = only(MODEL, address, port)
        assert (route.action, route.inside, route.chains) == (Action.REJECT, (), ())


def test_a_real_server_that_drains_gets_nothing_new() -> None:
    rr = VirtualServer(
        None, "", 0, 1, "rr",
        real_servers=(RealServer("10.244.1.1", 80, "masq", 0, 5, 0), RealServer("10.244.1.2", 80, "masq", 1, 0, 0)),
    )  # fmt: skip
    assert ipvs.shares(rr) == (Share("10.244.1.2", 80, 1.0),)


def test_all_drained_is_refused() -> None:
    drained = IPVS_PARTS["ip_vs"].replace("Masq    1 ", "Masq    0 ")
    assert only(ipvs.forwarding(ipvs_text(ip_vs=drained)), THREE, 80).action is Action.REJECT


def test_packets_reach_the_virtual_servers() -> None:
    assert MODEL.hooked


@pytest.mark.parametrize(
    "changed",
    [
        {"addresses": IPVS_PARTS["addresses"].replace("kube-ipvs0", "kube-other")},
        {"ipset_save": IPVS_PARTS["ipset_save"].replace("KUBE-CLUSTER-IP ", "KUBE-OTHER ")},
        {"iptables_save": IPVS_PARTS["iptables_save"].replace('portals" -j KUBE-SERVICES', 'portals" -j KUBE-GONE')},
        {"iptables_save": IPVS_PARTS["iptables_save"].replace("-A PREROUTING ", "-A KUBE-GONE ")},
        {"iptables_save": IPVS_PARTS["iptables_save"].replace("-A OUTPUT ", "-A KUBE-GONE ")},
        {"iptables_save": IPVS_PARTS["iptables_save"].replace("-A POSTROUTING ", "-A KUBE-GONE ")},
    ],
    ids=[
        "no address",
        "no set",
        "no jump",
        "none of what comes in",
        "none of the node itself",
        "none of what goes out",
    ],
)
def test_what_is_missing_is_seen(changed: dict[str, str]) -> None:
    model = ipvs.forwarding(ipvs_text(**changed))
    assert not model.hooked
    assert any("kube-ipvs0 holds no address" in line for line in describe("node-1", model, THREE, 80))


def test_a_service_address_that_is_not_on_the_node_is_no_route() -> None:
    without = "\n".join(line for line in IPVS_PARTS["addresses"].splitlines() if THREE not in line) + "\n"
    model = ipvs.forwarding(ipvs_text(addresses=without))
    assert model.hooked
    assert model.find(THREE, 80) == ()
    assert len(model.routes) == len(MODEL.routes) - 2


def test_a_port_that_is_lost_from_its_set_is_rejected_by_the_filter() -> None:
    lost = IPVS_PARTS["ipset_save"].replace(f"add KUBE-CLUSTER-IP {THREE},tcp:80\n", "")
    model = ipvs.forwarding(ipvs_text(ipset_save=lost))
    route = only(model, THREE, 80)
    assert (route.action, route.inside, route.chains) == (Action.REJECT, (), ("KUBE-IPVS-FILTER",))
    assert any("no set of Services has this port" in line for line in describe("node-1", model, THREE, 80))
    assert only(model, THREE, 53).action is Action.FORWARD
    unguarded = IPVS_PARTS["iptables_save"].replace('access filter" -j KUBE-IPVS-FILTER', 'access filter" -j KUBE-GONE')
    assert (
        only(ipvs.forwarding(ipvs_text(ipset_save=lost, iptables_save=unguarded)), THREE, 80).action is Action.FORWARD
    )


def test_a_kernel_without_ipvs_forwards_nothing() -> None:
    assert ipvs.forwarding(ipvs_text(ip_vs="")).routes == ()
    assert ipvs.forwarding("") == Forwarding(ProxyMode.IPVS, hooked=False, routes=(), size=ipvs.size(""))


def test_size_counts_sets_and_servers() -> None:
    found = ipvs.size(ipvs_text())
    assert found == MODEL.size
    adds = sum(line.startswith("add ") for line in IPVS_PARTS["ipset_save"].splitlines())
    lines = IPVS_PARTS["ip_vs"].splitlines()[3:]
    assert (found.rules, found.chains, found.elements) == (39, 11, adds + len(lines))


def test_a_node_is_read_and_explained_through_its_own_tools() -> None:
    node = Captured(ProxyMode.IPVS)
    assert mode_of(node) is ProxyMode.IPVS
    assert read(node, ProxyMode.IPVS) == MODEL
    assert size(node, ProxyMode.IPVS) == MODEL.size
    text = "\n".join(explain(node, THREE, 80))
    assert "node-1 (ipvs" in text
    assert "10.244.1.2:8080 33.3%, 10.244.1.3:8080 33.3%, 10.244.2.2:8080 33.3%" in text
    assert "gauntlet inspect node-1" in text


@pytest.mark.parametrize(
    ("scheduler", "expected"),
    [
        *((each, [1 / 3, 1 / 3, 1 / 3]) for each in ("rr", "lc", "dh")),
        *((each, [1 / 7, 2 / 7, 4 / 7]) for each in ("wrr", "wlc", "sh", "mh", "sed", "nq")),
        ("fo", [1.0]),
        ("none", []),
    ],
)
def test_shares_of_each_scheduler(scheduler: str, expected: list[float]) -> None:
    real = tuple(RealServer(f"10.244.1.{i + 1}", 8080, "masq", 2**i, 0, 0) for i in range(3))
    shares = ipvs.shares(VirtualServer(None, "", 0, 1, scheduler, real_servers=real))
    assert [share.probability for share in shares] == pytest.approx(expected)
    if scheduler == "fo":
        assert shares[0].address == "10.244.1.3"


@given(
    st.sampled_from(["rr", "wrr", "lc", "wlc", "sh", "dh", "mh", "sed", "nq", "fo", "ovf", "lblc", "new"]),
    st.lists(st.integers(0, 65535), max_size=20),
)
def test_shares_add_up_to_one_or_there_are_none(scheduler: str, weights: list[int]) -> None:
    real = tuple(RealServer(f"10.244.0.{i}", 80, "masq", weight, 0, 0) for i, weight in enumerate(weights))
    shares = ipvs.shares(VirtualServer(None, "", 0, 1, scheduler, real_servers=real))
    assert sum(share.probability for share in shares) == pytest.approx(1.0 if any(weights) else 0.0)
