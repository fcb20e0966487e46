"""Policies and source ranges at external addresses: whom the rules lead whereto, held against the Services."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.mismatches import Kind, mismatches
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.kube.objects import ServiceObject
from gauntlet.proxy.modelled import proxy
from gauntlet.proxy.rules import Action, Route
from gauntlet.semantics.objects import Node
from gauntlet.semantics.places import ServingNode
from tests.unit.cluster_check.facts import READY, endpoint_slice, forwarding, route, shares

OWN, OTHER = READY
INGRESS, EXTERNAL = "198.51.100.1", "192.0.2.1"
ENDPOINTS = endpoint_slice(
    *({"addresses": [each], "nodeName": f"node-{number}"} for number, each in enumerate(READY, start=1)), service="lb"
)
RANGE = "10.244.1.0/24"


def balanced(ip_mode: str = "VIP", /, **spec: Json) -> Services:
    base: dict[str, Json] = {
        "type": "LoadBalancer",
        "clusterIP": "10.96.0.10",
        "externalIPs": [EXTERNAL],
        "ports": [{"name": "http", "port": 80}],
        "selector": {"a": "b"},
    }
    metadata: dict[str, Json] = {"name": "lb", "namespace": "shop"}
    status: dict[str, Json] = {"loadBalancer": {"ingress": [{"ip": INGRESS, "ipMode": ip_mode}]}}
    made = ServiceObject.model_validate({"metadata": metadata, "spec": base | spec, "status": status})
    return Services((made,), (ENDPOINTS,))


def differences(served: Services, ingress: Route, *, external: Route | None = None) -> dict[Kind, set[str]]:
    here = ServingNode(Node("node-1", ("10.77.0.11",)), proxy(ProxyMode.IPTABLES, "1.37.2", {}))
    rules = forwarding(route(), ingress, external or replace(ingress, address=EXTERNAL, sources=None))
    found = mismatches(served, rules, frozenset({"10.77.0.11"}), here)
    return {kind: {each.endpoint for each in found if each.kind is kind} for kind in {each.kind for each in found}}


def kinds(served: Services, version: str, fields: dict[str, Json], *addresses: str) -> set[Kind]:
    """What is wrong on a node whose rules lead from the ClusterIP and from these addresses to all endpoints."""
    here = ServingNode(Node("node-1", ("10.77.0.11",)), proxy(ProxyMode.IPTABLES, version, fields))
    found = mismatches(served, forwarding(route(), *map(route, addresses)), frozenset({"10.77.0.11"}), here)
    return {each.kind for each in found}


def test_external_ips_need_no_rule_where_kube_proxy_leaves_them_aside() -> None:
    """KEP-5707."""
    off: dict[str, Json] = {"featureGates": {"AllowServiceExternalIPs": False}}
    assert kinds(balanced(), "1.37.2", {}, INGRESS) == {Kind.MISSING}
    assert kinds(balanced(), "1.37.2", off, INGRESS) == set()


def test_a_kube_proxy_that_does_not_know_ip_modes_has_a_rule_for_the_address_of_a_proxy() -> None:
    """KEP-1860."""
    proxied = balanced("Proxy", externalIPs=[])
    assert kinds(proxied, "1.29.6", {}, INGRESS) == set()
    assert kinds(proxied, "1.29.6", {}) == {Kind.MISSING}
    assert kinds(proxied, "1.37.2", {}, INGRESS) == {Kind.LEFT}
    assert kinds(proxied, "1.37.2", {}) == set()


LOCAL = balanced(externalTrafficPolicy="Local")
TO_OWN = replace(route(INGRESS), outside=shares(OWN))


def test_policy_local_leads_clients_outside_to_the_nodes_own_endpoints() -> None:
    assert differences(LOCAL, TO_OWN) == {}
    assert differences(LOCAL, route(INGRESS)) == {Kind.ASTRAY: {OTHER}}
    assert differences(LOCAL, route(INGRESS, to=(OWN,))) == {Kind.PASSED_OVER: {OTHER}}
    assert differences(balanced(), TO_OWN) == {Kind.PASSED_OVER: {OTHER}}


def test_external_ips_are_held_against_the_same() -> None:
    assert differences(LOCAL, TO_OWN, external=route(EXTERNAL)) == {Kind.ASTRAY: {OTHER}}


def test_without_an_endpoint_here_clients_outside_are_dropped_and_those_inside_led_on() -> None:
    nobody_here = endpoint_slice({"addresses": [OTHER], "nodeName": "node-2"}, service="lb")
    served = Services(LOCAL.services, (nobody_here,))
    inside = replace(route(INGRESS, to=(OTHER,)), outside=())
    here = ServingNode(Node("node-1", ("10.77.0.11",)), proxy(ProxyMode.IPTABLES, "1.37.2", {}))
    forwards = (route(to=(OTHER,)), inside, replace(inside, address=EXTERNAL))
    drops = [replace(each, action=Action.DROP, inside=()) for each in forwards[1:]]
    rules = forwarding(*drops[:1], *forwards, *drops[1:])
    assert mismatches(served, rules, frozenset(), here) == frozenset()


@pytest.mark.parametrize(
    ("wanted", "written", "expected"),
    [
        ([RANGE], (RANGE,), {}),
        ([RANGE], None, {Kind.LET_IN: {"everybody"}}),
        ([RANGE], (RANGE, f"{INGRESS}/32"), {}),
        ([RANGE], (RANGE, "192.0.2.0/24"), {Kind.LET_IN: {"192.0.2.0/24"}}),
        ([RANGE], ("10.244.1.0/25", "10.244.1.128/25"), {}),
        ([RANGE], ("10.244.1.0-10.244.1.255",), {}),
        ([RANGE], ("10.244.1.0/25",), {Kind.SHUT_OUT: {RANGE}}),
        ([f" {RANGE}", "2001:db8::/32"], (RANGE,), {}),
        (["2001:db8::/32"], None, {}),
        ([], (RANGE,), {Kind.SHUT_OUT: {"0.0.0.0/0"}}),
        (["0.0.0.0/0", RANGE], ("0.0.0.0/0", RANGE), {}),
        (["0.0.0.0/0", RANGE], None, {}),
    ],
)
def test_source_ranges(wanted: list[Json], written: tuple[str, ...] | None, expected: dict[Kind, set[str]]) -> None:
    served = balanced(loadBalancerSourceRanges=wanted)
    assert differences(served, replace(route(INGRESS), sources=written)) == expected


def test_source_ranges_hold_at_no_other_address() -> None:
    restricted = replace(route(EXTERNAL), sources=(RANGE,))
    assert differences(balanced(), route(INGRESS), external=restricted) == {Kind.SHUT_OUT: {"0.0.0.0/0"}}
