"""Source ranges and orphans, as kube-proxy 1.37 writes them in each mode."""

from __future__ import annotations

import json

import pytest

from gauntlet.proxy.rules import Forwarding, iptables, ipvs, nftables
from tests.unit.rules.node import LISTED, SAVED

INGRESS = "10.99.0.1"
ONE, TWO = "10.244.1.0/24", "192.0.2.7/32"


def saved(*rules: str, chains: tuple[str, ...] = ()) -> str:
    return "\n".join(["*nat", *(f":{chain} - [0:0]" for chain in chains), *rules, "COMMIT"])


FIREWALLED = saved(
    f'-A KUBE-SERVICES -d {INGRESS}/32 -p tcp -m comment --comment "a/b ingress" -m tcp --dport 80 -j KUBE-FW-X',
    f'-A KUBE-FW-X -s {ONE} -m comment --comment "a/b loadbalancer IP" -j KUBE-EXT-X',
    f'-A KUBE-FW-X -s {TWO} -m comment --comment "a/b loadbalancer IP" -j KUBE-EXT-X',
    '-A KUBE-FW-X -m comment --comment "other traffic to a/b will be dropped by KUBE-PROXY-FIREWALL"',
    "-A KUBE-EXT-X -j KUBE-SVC-X",
    "-A KUBE-SVC-X -j KUBE-SEP-X",
    "-A KUBE-SEP-X -p tcp -m tcp -j DNAT --to-destination 10.244.1.2:8080",
    chains=("KUBE-SERVICES", "KUBE-FW-X", "KUBE-EXT-X", "KUBE-SVC-X", "KUBE-SEP-X"),
)


def test_iptables_lets_in_whom_the_firewall_chain_leads_on() -> None:
    (route,) = iptables.forwarding(FIREWALLED).find(INGRESS, 80)
    assert route.sources == (ONE, TWO)
    assert [share.address for share in route.outside] == ["10.244.1.2"]


def test_iptables_writes_no_source_for_everybody() -> None:
    (route,) = iptables.forwarding(FIREWALLED.replace(f"-s {ONE} ", "")).find(INGRESS, 80)
    assert route.sources == ("0.0.0.0/0", TWO)


def test_without_a_firewall_chain_everybody_is_let_in() -> None:
    for model in (iptables.forwarding(SAVED), nftables.forwarding(LISTED)):
        assert {route.sources for route in model.routes} == {None}


def with_firewall(right: object) -> Forwarding:
    document = json.loads(LISTED)
    (firewall,) = [
        each["map"] for each in document["nftables"] if each.get("map", {}).get("name") == "firewall-ips"
    ]  # fmt: skip
    chain = "firewall-D2RGPZ6L-default/lb/tcp/http"
    firewall["elem"] = [[{"concat": [INGRESS, "tcp", 80]}, {"goto": {"target": chain}}]]
    match = {"op": "!=", "left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": right}
    document["nftables"] += [
        {"chain": {"family": "ip", "table": "kube-proxy", "name": chain}},
        {"rule": {"chain": chain, "expr": [{"match": match}, {"drop": None}]}},
    ]
    return nftables.forwarding(json.dumps(document))


@pytest.mark.parametrize(
    ("right", "sources"),
    [
        ({"set": [{"prefix": {"addr": "10.244.1.0", "len": 24}}, "192.0.2.7"]}, (ONE, "192.0.2.7")),
        ({"prefix": {"addr": "10.244.1.0", "len": 24}}, (ONE,)),
        ({"set": [{"range": ["10.0.0.0", "10.2.255.255"]}]}, ("10.0.0.0-10.2.255.255",)),
        ("192.0.2.7", ("192.0.2.7",)),
    ],
)
def test_nftables_drops_whoever_is_in_no_range(right: object, sources: tuple[str, ...]) -> None:
    model = with_firewall(right)
    assert {route.sources for route in model.find(INGRESS, 80)} == {sources}
    assert model.orphans == ()


def test_ipvs_lets_in_what_its_sets_hold() -> None:
    text = "\n".join(
        [
            f"1: kube-ipvs0    inet {INGRESS}/32 scope global kube-ipvs0",
            "1: kube-ipvs0    inet 10.96.0.99/32 scope global kube-ipvs0",
            "=== gauntlet",
            "create KUBE-LOAD-BALANCER-FW hash:ip,port",
            f"add KUBE-LOAD-BALANCER-FW {INGRESS},tcp:80",
            "create KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net",
            f"add KUBE-LOAD-BALANCER-SOURCE-CIDR {INGRESS},tcp:80,{ONE}",
            f"add KUBE-LOAD-BALANCER-SOURCE-CIDR {INGRESS},tcp:81,{TWO}",
            "=== gauntlet",
            "=== gauntlet",
            "IP Virtual Server version 1.2.1 (size=4096)",
            "Prot LocalAddress:Port Scheduler Flags",
            "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn",
            "TCP  0A630001:0050 rr ",
            "  -> 0AF40102:1F90      Masq    1      0          0         ",
            "",
        ]
    )
    model = ipvs.forwarding(text)
    (route,) = model.find(INGRESS, 80)
    assert route.sources == (ONE,)
    assert model.orphans == ("address 10.96.0.99 on kube-ipvs0",)


def test_captured_rules_have_no_orphans() -> None:
    assert iptables.forwarding(SAVED).orphans == ()
    assert nftables.forwarding(LISTED).orphans == ()


def test_a_chain_that_nothing_leads_to_is_an_orphan() -> None:
    planted = SAVED.replace("*nat\n", "*nat\n:KUBE-SVC-LEFTBEHIND - [0:0]\n")
    assert iptables.forwarding(planted).orphans == ("chain KUBE-SVC-LEFTBEHIND in nat",)
    document = json.loads(LISTED)
    chain = {"family": "ip", "table": "kube-proxy", "name": "service-GONE-shop/gone/tcp/http"}
    document["nftables"].append({"chain": chain})
    assert nftables.forwarding(json.dumps(document)).orphans == ()
    document["nftables"].append({"rule": {"chain": chain["name"], "expr": [{"drop": None}]}})
    assert nftables.forwarding(json.dumps(document)).orphans == ("chain service-GONE-shop/gone/tcp/http",)
