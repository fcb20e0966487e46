"""The readers, on text captured from kube-proxy 1.37.2 with the same seven Services in both modes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.history import Protocol
from gauntlet.proxy.rules import Action, Forwarding, Route, Share, explain, iptables, nftables, read, size
from gauntlet.proxy.rules.explanation import describe
from tests.unit.rules.node import LISTED, SAVED, Captured

MODELS = {ProxyMode.IPTABLES: iptables.forwarding(SAVED), ProxyMode.NFTABLES: nftables.forwarding(LISTED)}
THREE = "10.103.40.62"
NONE = "10.96.19.239"
STICKY = "10.110.27.126"
LOCAL_INGRESS = "10.99.0.2"

both_modes = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def only(model: Forwarding, address: str, port: int) -> Route:
    (route,) = model.find(address, port)
    return route


@both_modes
def test_three_endpoints_get_a_third_each(model: Forwarding) -> None:
    route = only(model, THREE, 80)
    assert route.action is Action.FORWARD
    assert route.service == "default/three:http"
    assert [share.address for share in route.inside] == ["10.244.1.2", "10.244.1.3", "10.244.2.2"]
    assert [share.port for share in route.inside] == [8080] * 3
    assert [share.probability for share in route.inside] == pytest.approx([1 / 3] * 3, abs=1e-6)
    assert route.share_of("10.244.1.2") == pytest.approx(1 / 3, abs=1e-6)
    assert route.share_of("10.244.9.9") == 0


@both_modes
def test_service_without_endpoints_is_rejected(model: Forwarding) -> None:
    route = only(model, NONE, 80)
    assert (route.action, route.inside, route.service) == (Action.REJECT, (), "default/none:http")


@both_modes
def test_affinity_is_seen_and_a_new_client_is_still_spread(model: Forwarding) -> None:
    route = only(model, STICKY, 80)
    assert route.affinity
    assert route.affinity_timeouts_s == (10_800,)
    assert [share.probability for share in route.inside] == pytest.approx([1 / 3] * 3, abs=1e-6)
    assert not only(model, THREE, 80).affinity
    assert only(model, THREE, 80).affinity_timeouts_s == ()


@both_modes
def test_local_traffic_policy_keeps_outside_clients_on_the_node(model: Forwarding) -> None:
    route = only(model, LOCAL_INGRESS, 80)
    assert len(route.inside) == 3
    assert {share.address: share.probability for share in route.outside} == {"10.244.1.2": 0.5, "10.244.1.3": 0.5}


BY_ADDRESS = (
    '"left": {"payload": {"protocol": "ip", "field": "saddr"}}, "right": {"prefix": {"addr": "10.244.0.0", "len": 16}}'
)
IN_IPTABLES = "-s 10.244.0.0/16"


@pytest.mark.parametrize(
    "model",
    [
        iptables.forwarding(SAVED.replace(IN_IPTABLES, "-i br0")),
        iptables.forwarding(SAVED.replace(IN_IPTABLES, "-i veth+")),
        nftables.forwarding(LISTED.replace(BY_ADDRESS, '"left": {"meta": {"key": "iifname"}}, "right": "br0"')),
        nftables.forwarding(LISTED.replace(BY_ADDRESS, '"left": {"meta": {"key": "iif"}}, "right": "veth*"')),
    ],
    ids=["iptables bridge", "iptables prefix", "nftables iifname", "nftables iif"],
)
def test_pods_that_are_known_by_their_interface_are_inside_and_nobody_else(model: Forwarding) -> None:
    """detectLocalMode BridgeInterface and InterfaceNamePrefix (pkg/proxy/util/localdetector.go)."""
    assert IN_IPTABLES in SAVED
    assert BY_ADDRESS in LISTED
    assert model.routes == MODELS[model.mode].routes


@both_modes
def test_packets_reach_the_rules(model: Forwarding) -> None:
    assert model.hooked


def test_both_modes_forward_alike() -> None:
    """Node ports differ between the captures of nothing but the mode: the Services were the same objects."""

    def shares(found: tuple[Share, ...]) -> tuple[tuple[str, int, float], ...]:
        return tuple((share.address, share.port, round(share.probability, 6)) for share in found)

    def comparable(model: Forwarding) -> set[tuple[object, ...]]:
        return {
            (
                *(each.address, each.port, each.protocol, each.action, each.service, each.affinity),
                *(shares(each.inside), shares(each.outside)),
            )
            for each in model.routes
        }

    assert comparable(MODELS[ProxyMode.IPTABLES]) == comparable(MODELS[ProxyMode.NFTABLES])


def test_node_ports_are_found_by_any_address_of_the_node() -> None:
    for model in MODELS.values():
        port = next(
            route.port for route in model.routes if route.address is None and route.service.endswith("three:http")
        )
        assert only(model, "10.77.0.11", port).service == "default/three:http"


def test_flushed_iptables_forward_nothing() -> None:
    flushed = "\n".join(line for line in SAVED.splitlines() if not line.startswith("-A "))
    model = iptables.forwarding(flushed)
    assert (model.hooked, model.routes, model.size.rules) == (False, (), 0)
    assert model.size.chains == 65


def test_a_missing_jump_is_seen_although_all_other_rules_are_there() -> None:
    unhooked = "\n".join(line for line in SAVED.splitlines() if not line.endswith('portals" -j KUBE-SERVICES'))
    model = iptables.forwarding(unhooked)
    assert not model.hooked
    assert model.routes


@pytest.mark.parametrize("hook", ["PREROUTING", "OUTPUT", "POSTROUTING"])
def test_one_missing_jump_is_seen_in_iptables_mode(hook: str) -> None:
    lines = SAVED.splitlines()
    # Those of nat, the last of the tables.
    nat = lines.index("*nat")
    left = lines[:nat] + [line for line in lines[nat:] if not line.startswith(f"-A {hook} ")]
    assert len(left) == len(lines) - 1
    model = iptables.forwarding("\n".join(left))
    assert not model.hooked
    assert model.routes == MODELS[ProxyMode.IPTABLES].routes


@pytest.mark.parametrize("hook", ["nat-prerouting", "nat-output", "nat-postrouting"])
@pytest.mark.parametrize("lost", ["chain", "rule"])
def test_one_missing_jump_is_seen_in_nftables_mode(hook: str, lost: str) -> None:
    document = json.loads(LISTED)

    def goes(item: dict[str, dict[str, object]]) -> bool:
        return item.get(lost, {}).get("chain" if lost == "rule" else "name") == hook

    left = [each for each in document["nftables"] if not goes(each)]
    assert len(left) == len(document["nftables"]) - 1
    model = nftables.forwarding(json.dumps({"nftables": left}))
    assert not model.hooked
    assert model.routes == MODELS[ProxyMode.NFTABLES].routes


def test_a_missing_table_forwards_nothing() -> None:
    model = nftables.forwarding("")
    assert (model.hooked, model.routes, model.size.rules) == (False, (), 0)


def test_words_that_are_no_listing_are_an_error() -> None:
    with pytest.raises(GauntletError, match="no JSON listing"):
        nftables.forwarding("Error: syntax error")


def test_an_emptied_reject_chain_rejects_nobody() -> None:
    emptied = LISTED.replace('{"reject": {"type": "icmp", "expr": "port-unreachable"}}', '{"counter": null}')
    assert nftables.forwarding(emptied).find(NONE, 80) == ()


def test_sizes() -> None:
    assert MODELS[ProxyMode.IPTABLES].size == iptables.size(SAVED)
    assert MODELS[ProxyMode.IPTABLES].size.rules == 192
    assert (MODELS[ProxyMode.NFTABLES].size.rules, MODELS[ProxyMode.NFTABLES].size.elements) == (71, 44)


@pytest.mark.parametrize("proxy_mode", MODELS)
def test_a_node_is_read_and_explained_through_its_own_tools(proxy_mode: ProxyMode) -> None:
    node = Captured(proxy_mode)
    assert read(node, proxy_mode) == MODELS[proxy_mode]
    assert size(node, proxy_mode) == MODELS[proxy_mode].size
    text = "\n".join(explain(node, THREE, 80))
    assert f"node-1 ({proxy_mode}" in text
    assert "10.244.1.2:8080 33.3%, 10.244.1.3:8080 33.3%, 10.244.2.2:8080 33.3%" in text


def test_explanation_names_what_is_missing() -> None:
    gone = describe("node-1", nftables.forwarding(""), THREE, 80)
    assert any("not every packet meets" in line for line in gone)
    assert any("no rule of kube-proxy matches" in line for line in gone)


def test_explanation_shows_an_uneven_share() -> None:
    model = MODELS[ProxyMode.NFTABLES]
    route = only(model, THREE, 80)
    uneven = replace(route, inside=tuple(replace(share, probability=0.7) for share in route.inside))
    lines = describe("node-1", replace(model, routes=(uneven,)), THREE, 80)
    assert any("from inside" in line and "70.0%" in line for line in lines)
    assert any("from outside" in line and "33.3%" in line for line in lines)


@given(st.integers(min_value=1, max_value=60))
def test_any_number_of_endpoints_is_even(count: int) -> None:
    """kube-proxy gives rule i of n the probability 1/(n-i); multiplied out, every endpoint gets 1/n."""
    lines = ["*nat", "-A PREROUTING -j KUBE-SERVICES"]
    lines.append("-A KUBE-SERVICES -d 10.96.0.9/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-X")
    for each in range(count):
        chance = f"-m statistic --mode random --probability {1 / (count - each):.10f} " if each < count - 1 else ""
        lines.append(f"-A KUBE-SVC-X {chance}-j KUBE-SEP-{each}")
        lines.append(f"-A KUBE-SEP-{each} -p tcp -j DNAT --to-destination 10.244.0.{each + 1}:8080")
    (route,) = iptables.forwarding("\n".join(lines)).find("10.96.0.9", 80, Protocol.TCP)
    assert [share.probability for share in route.inside] == pytest.approx([1 / count] * count, abs=1e-6)
