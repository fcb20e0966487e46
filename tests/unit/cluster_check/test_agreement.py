"""The model and the oracle that it replaces say the same of every case that there was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.mismatches import Mismatch, mismatches, places
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.kube.objects import EndpointSlice, ServiceObject
from gauntlet.proxy.rules import Action, Forwarding, Route
from tests.unit.cluster_check import former_mismatches as former
from tests.unit.cluster_check.facts import READY, SERVED, endpoint, endpoint_slice, forwarding, route, shares
from tests.unit.cluster_check.test_mismatches import HERE, obeying, served, service


def plain(found: frozenset[former.Mismatch] | frozenset[Mismatch]) -> set[tuple[str, str, str]]:
    return {(str(each.kind), str(each.place), each.endpoint) for each in found}


def agree(wanted: Services, rules: Forwarding) -> None:
    assert plain(mismatches(wanted, rules, HERE)) == plain(former.mismatches(wanted, rules, HERE))
    assert list(map(str, places(wanted))) == list(map(str, former.places(wanted)))


@st.composite
def changed(draw: st.DrawFn) -> tuple[Services, Forwarding]:
    """Services, and rules of which some are gone, lead elsewhere, refuse or pass endpoints over."""
    wanted = draw(served())
    rules = obeying(wanted)
    routes: list[Route] = []
    for each in rules.routes:
        what = draw(st.sampled_from(["kept", "gone", "elsewhere", "refused", "first alone", "of nobody"]))
        if what == "elsewhere":
            to = (*each.inside, *shares("192.0.2.7"))
            routes.append(replace(each, action=Action.FORWARD, inside=to, outside=to))
        elif what == "refused":
            routes.append(replace(each, action=Action.REJECT, inside=(), outside=()))
        elif what == "first alone":
            routes.append(replace(each, inside=each.inside[:1], outside=each.outside[:1]))
        elif what == "of nobody":
            routes += [each, replace(each, address="10.96.1.1")]
        elif what == "kept":
            routes.append(each)
    return wanted, replace(rules, routes=tuple(routes))


@given(changed())
def test_of_services_in_every_condition(case: tuple[Services, Forwarding]) -> None:
    agree(*case)


NEAR: list[Json] = [
    {"addresses": [each], "conditions": {"ready": True}, "hints": {"forZones": [{"name": "a"}]}} for each in READY
]
SPREAD = endpoint_slice(*NEAR)
BALANCED = ServiceObject.model_validate(
    {
        "metadata": {"name": "lb", "namespace": "shop"},
        "spec": {
            "type": "LoadBalancer", "clusterIP": "10.96.0.3", "externalIPs": ["192.0.2.1"],
            "ports": [{"port": 80, "nodePort": 30001}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "198.51.100.1"}, {"ip": "198.51.100.2", "ipMode": "Proxy"}]}},
    }
)  # fmt: skip
EVERY_SERVICE = [
    service(),
    service(clusterIP="None"),
    service(type="ExternalName", clusterIP=""),
    service(labels={"service.kubernetes.io/service-proxy-name": "other"}),
    service(labels={"service.kubernetes.io/headless": ""}),
    service(ports=[{"name": "x", "port": 80, "protocol": "SCTP"}]),
    service(clusterIP="fd00::1", clusterIPs=["fd00::1"]),
    service(clusterIPs=["10.96.0.10", "fd00::1"]),
    service(internalTrafficPolicy="Local"),
    BALANCED,
]
EVERY_RULES = [
    forwarding(route(), route(None, 30080)),
    forwarding(route(to=READY[:1]), route(None, 30080)),
    forwarding(route(to=()), route(None, 30080)),
    forwarding(route(to=("192.0.2.9",)), route("10.96.0.99"), route(None, 31000)),
    forwarding(route("192.0.2.1"), route("198.51.100.1"), route("198.51.100.2"), route(None, 30001)),
    forwarding(route(), route("10.77.0.11", 30080), mode=ProxyMode.IPVS),
    forwarding(route(to=("0.0.0.0",)), mode=ProxyMode.USERSPACE),
]
EVERY_SLICE = [
    SERVED.slices[0],
    SPREAD,
    endpoint_slice(endpoint(READY[0], ready=False, serving=True, terminating=True), endpoint(READY[1], ready=True)),
    endpoint_slice(endpoint(READY[0], ready=False, serving=False)),
    endpoint_slice(endpoint("fd00::2", ready=True), addressType="IPv6"),
]


@pytest.mark.parametrize("rules", EVERY_RULES)
@pytest.mark.parametrize("slices", EVERY_SLICE)
@pytest.mark.parametrize("declared", EVERY_SERVICE)
def test_of_each_kind_of_service(declared: ServiceObject, slices: EndpointSlice, rules: Forwarding) -> None:
    agree(Services((declared,), (slices,)), rules)
