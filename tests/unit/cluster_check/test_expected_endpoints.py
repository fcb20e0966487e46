"""Where the node is known, the model says exactly to which endpoints a ClusterIP leads there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.doctor.cluster_check import examination
from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.mismatches import Kind, mismatches
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Level
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.kube.objects import NodeObject, ServiceObject
from gauntlet.proxy.configuration import Configuration
from gauntlet.proxy.modelled import proxy
from gauntlet.semantics.objects import Node
from gauntlet.semantics.places import ServingNode
from tests.unit.cluster_check.facts import (
    NODES,
    READY,
    cluster,
    endpoint_slice,
    forwarding,
    node,
    route,
    shares,
    told,
)

HERE = frozenset({"10.77.0.11"})
OWN, OTHER = READY


def web(**spec: Json) -> ServiceObject:
    base: dict[str, Json] = {"clusterIP": "10.96.0.10", "ports": [{"name": "http", "port": 80}], "selector": {"a": "b"}}
    return ServiceObject.model_validate({"metadata": {"name": "web", "namespace": "shop"}, "spec": base | spec})


def at(address: str, on: str, state: Json = None, hints: Json = None) -> Json:
    return {"addresses": [address], "nodeName": on, "conditions": state or {"ready": True}, "hints": hints or {}}


def here(mode: ProxyMode = ProxyMode.IPTABLES, version: str = "1.37.2", zone: str = "west") -> ServingNode:
    return ServingNode(Node("node-1", ("10.77.0.11",), zone), proxy(mode, version, {}))


def found(
    service: ServiceObject, endpoints: list[Json], to: tuple[str, ...], at_node: ServingNode | None
) -> dict[Kind, set[str]]:
    rules = forwarding(route(to=to))
    differences = mismatches(Services((service,), (endpoint_slice(*endpoints),)), rules, HERE, at_node)
    kinds = {each.kind for each in differences}
    return {kind: {each.endpoint for each in differences if each.kind is kind} for kind in kinds}


BOTH = [at(OWN, "node-1"), at(OTHER, "node-2")]
ENDING: Json = {"ready": False, "serving": True, "terminating": True}


def zone(name: str) -> Json:
    return {"forZones": [{"name": name}]}


LOCAL = web(internalTrafficPolicy="Local")
SPREAD = [at(OWN, "node-1", hints=zone("west")), at(OTHER, "node-2", hints=zone("east"))]


@pytest.mark.parametrize(
    ("service", "endpoints", "to", "differences"),
    [
        (web(), BOTH, (OWN, OTHER), {}),
        (web(), BOTH, (OWN,), {Kind.PASSED_OVER: {OTHER}}),
        (LOCAL, BOTH, (OWN,), {}),
        (LOCAL, BOTH, (OWN, OTHER), {Kind.ASTRAY: {OTHER}}),
        (LOCAL, BOTH, (OTHER,), {Kind.PASSED_OVER: {OWN}, Kind.ASTRAY: {OTHER}}),
        (LOCAL, BOTH, (), {Kind.REFUSES: {""}}),
        (LOCAL, [at(OTHER, "node-2")], (), {}),
        (web(), SPREAD, (OWN,), {}),
        (web(), SPREAD, (OWN, OTHER), {Kind.ASTRAY: {OTHER}}),
        (web(), SPREAD, (OTHER,), {Kind.PASSED_OVER: {OWN}, Kind.ASTRAY: {OTHER}}),
        # KEP-1669: what ends serves if nothing else is left; beside a ready one it may be there until the next sync.
        (web(), [at(OWN, "node-1", ENDING)], (), {Kind.REFUSES: {""}}),
        (web(), [at(OWN, "node-1", ENDING)], (OWN,), {}),
        (web(), [at(OWN, "node-1", ENDING), at(OTHER, "node-2")], (OWN, OTHER), {}),
    ],
)
def test_rules_of_a_node_that_is_known(
    service: ServiceObject, endpoints: list[Json], to: tuple[str, ...], differences: dict[Kind, set[str]]
) -> None:
    assert found(service, endpoints, to, here()) == differences


@pytest.mark.parametrize("to", [(OWN,), (OTHER,), (OWN, OTHER)])
@pytest.mark.parametrize(("service", "endpoints"), [(LOCAL, BOTH), (web(), SPREAD)])
def test_of_a_node_that_is_not_known_policies_and_hints_are_left_aside(
    service: ServiceObject, endpoints: list[Json], to: tuple[str, ...]
) -> None:
    assert found(service, endpoints, to, None) == {}


@pytest.mark.parametrize(
    ("policy", "endpoints", "outside", "differences"),
    [
        ("Cluster", BOTH, (OWN, OTHER), set()),
        ("Cluster", BOTH, (OWN,), {(Kind.PASSED_OVER, OTHER)}),
        ("Local", BOTH, (OWN,), set()),
        ("Local", BOTH, (OWN, OTHER), {(Kind.ASTRAY, OTHER)}),
        ("Local", BOTH, (), {(Kind.REFUSES, "")}),
        ("Local", [at(OTHER, "node-2")], (), set()),
        ("Local", [at(OTHER, "node-2")], (OTHER,), {(Kind.ASTRAY, OTHER)}),
    ],
)
def test_a_node_port_leads_clients_outside_where_its_policy_says(
    policy: str, endpoints: list[Json], outside: tuple[str, ...], differences: set[tuple[Kind, str]]
) -> None:
    """Clients inside reach all endpoints (short circuit): what they meet is not held against the policy."""
    opened = web(externalTrafficPolicy=policy, type="NodePort", ports=[{"name": "http", "port": 80, "nodePort": 30080}])
    every = tuple(each["addresses"][0] for each in endpoints if isinstance(each, dict))
    at_port = replace(route(None, 30080, to=every), outside=shares(*outside))
    served = Services((opened,), (endpoint_slice(*endpoints),))
    found = mismatches(served, forwarding(route(to=every), at_port), HERE, here())
    assert {(each.kind, each.endpoint) for each in found} == differences
    # Of a node that is not known nothing is said of policies.
    assert mismatches(served, forwarding(route(to=every), at_port), HERE) == frozenset()


def test_ipvs_mode_leads_on_if_the_node_has_no_endpoint() -> None:
    """kubernetes/kubernetes 97081."""
    balanced = web(
        internalTrafficPolicy="Local", type="NodePort", ports=[{"name": "http", "port": 80, "nodePort": 30080}]
    )
    rules = forwarding(route(to=(OTHER,)), route("10.77.0.11", 30080, to=(OTHER,)), mode=ProxyMode.IPVS)
    served = Services((balanced,), (endpoint_slice(at(OTHER, "node-2")),))
    assert mismatches(served, rules, HERE, here(ProxyMode.IPVS)) == frozenset()


def test_a_version_that_does_not_read_hints_leads_everywhere() -> None:
    assert found(web(), SPREAD, (OWN, OTHER), here(version="1.29.6")) == {}
    assert found(web(), SPREAD, (OWN,), here(version="1.29.6")) == {Kind.PASSED_OVER: {OTHER}}


def test_what_kubernetes_leaves_open_is_not_judged_by_policies() -> None:
    twice = [at(OWN, "node-1"), at(OWN, "node-2"), at(OTHER, "node-2")]
    assert found(LOCAL, twice, (OTHER,), here()) == {}


def examined(looked: NodeFacts) -> examination.Differences:
    named = tuple(NodeObject.model_validate({"metadata": {"name": each}}) for each in NODES)
    local = Services((LOCAL,), (endpoint_slice(*BOTH),))
    return examination._differences(cluster(nodes=named, served=local), [looked])


ASTRAY_RULES = (forwarding(route(to=(OWN, OTHER))),)


def test_a_cluster_that_is_looked_at_is_known() -> None:
    looked = node("node-1", rules=ASTRAY_RULES)
    differences = examined(looked)
    assert {(each.kind, each.endpoint) for each in differences["node-1"]} == {(Kind.ASTRAY, OTHER)}
    facts = cluster(served=Services((LOCAL,), (endpoint_slice(*BOTH),)))
    report = examination.judged(facts, [looked], differences)
    told(report, Level.PROBLEM, "rules", f"leave out: shop/web:http (10.96.0.10:80/tcp) -> {OTHER}", "node-1")


@pytest.mark.parametrize(
    "unknown",
    [
        {"configuration": None},
        {"configuration": Configuration("file", trouble="is no YAML")},
        {"metrics": None},
        {"name": "node-9"},
    ],
)
def test_what_is_not_known_of_a_node_is_not_judged(unknown: dict[str, object]) -> None:
    looked = replace(node("node-1", rules=ASTRAY_RULES), **unknown)  # type: ignore[arg-type]
    assert set(examined(looked).values()) == {frozenset()}
