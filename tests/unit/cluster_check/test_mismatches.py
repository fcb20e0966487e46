"""Rules against Services: rules made from the Services agree with them, and each change is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.mismatches import Kind, Mismatch, endpoints, mismatches
from gauntlet.doctor.cluster_check.served_places import places
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.family import Family
from gauntlet.ground.history import Protocol
from gauntlet.kube.objects import ServiceObject
from gauntlet.proxy.rules import Action, Forwarding, Route
from tests.unit.cluster_check.facts import READY, SERVED, WEB, endpoint, endpoint_slice, forwarding, route, shares

HERE = frozenset({"10.77.0.11"})


def service(name: str = "web", /, labels: Mapping[str, Json] | None = None, **spec: Json) -> ServiceObject:
    base: dict[str, Json] = {
        "clusterIP": "10.96.0.10",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }
    return ServiceObject.model_validate(
        {"metadata": {"name": name, "namespace": "shop", "labels": labels or {}}, "spec": base | spec}
    )


@st.composite
def served(draw: st.DrawFn) -> Services:
    """Some Services, each with its own address, node port and endpoints in every condition."""
    services, slices = [], []
    for number in range(draw(st.integers(1, 6))):
        name = f"s{number}"
        protocol = draw(st.sampled_from(["TCP", "UDP", "SCTP"]))
        port: dict[str, Json] = {"name": "http", "port": 80, "protocol": protocol}
        if draw(st.booleans()):
            port["nodePort"] = 30000 + number
        services.append(service(name, clusterIP=f"10.96.0.{number}", ports=[port]))
        conditions = draw(st.lists(st.fixed_dictionaries({"ready": st.booleans(), "terminating": st.booleans()})))
        made = [endpoint(f"10.244.{number}.{index}", **each) for index, each in enumerate(conditions)]
        ports: list[Json] = [{"name": "http", "port": 8080, "protocol": protocol}]
        slices.append(endpoint_slice(*made, service=name, ports=ports))
    return Services(tuple(services), tuple(slices))


def obeying(wanted: Services) -> Forwarding:
    """Rules as a kube-proxy that does what it should would write them."""
    known = endpoints(wanted)
    routes = []
    for place in places(wanted):
        name, _, port = place.service.partition(":")
        ready = tuple(sorted(known[name, port].ready)) if (name, port) in known else ()
        action = Action.FORWARD if ready else Action.REJECT
        to = shares(*ready)
        routes.append(Route(place.address, place.port, Protocol(place.protocol), action, place.service, to, to))
    return forwarding(*routes)


@given(served())
def test_rules_that_obey_differ_in_nothing(wanted: Services) -> None:
    assert mismatches(wanted, obeying(wanted), HERE) == frozenset()


@given(served(), st.data())
def test_a_rule_that_is_gone_is_missing(wanted: Services, data: st.DataObject) -> None:
    rules = obeying(wanted)
    gone = data.draw(st.sampled_from(rules.routes))
    left = replace(rules, routes=tuple(each for each in rules.routes if each is not gone))
    (found,) = mismatches(wanted, left, HERE)
    assert (found.kind, found.place.address, found.place.port) == (Kind.MISSING, gone.address, gone.port)


@given(served(), st.data())
def test_an_endpoint_that_was_never_there_is_stale(wanted: Services, data: st.DataObject) -> None:
    rules = obeying(wanted)
    hurt = data.draw(st.sampled_from(rules.routes))
    to = (*hurt.inside, *shares("192.0.2.7"))
    changed = replace(hurt, action=Action.FORWARD, inside=to, outside=to)
    routes = tuple(changed if each is hurt else each for each in rules.routes)
    (found,) = mismatches(wanted, replace(rules, routes=routes), HERE)
    assert (found.kind, found.endpoint) == (Kind.STALE, "192.0.2.7")


@given(served())
def test_rules_of_nothing_miss_every_place(wanted: Services) -> None:
    nothing = replace(forwarding(), routes=())
    assert {each.place for each in mismatches(wanted, nothing, HERE)} == set(places(wanted))


def kinds(found: frozenset[Mismatch]) -> set[Kind]:
    return {each.kind for each in found}


def test_refused_although_ready() -> None:
    assert kinds(mismatches(SERVED, forwarding(route(to=()), route(None, 30080)), HERE)) == {Kind.REFUSES}


def test_an_endpoint_that_is_passed_over() -> None:
    assert kinds(mismatches(SERVED, forwarding(route(to=READY[:1]), route(None, 30080)), HERE)) == {Kind.PASSED_OVER}


@pytest.mark.parametrize("policy", [{"internalTrafficPolicy": "Local"}, {"trafficDistribution": "PreferClose"}])
def test_local_policies_may_pass_endpoints_over(policy: dict[str, Json]) -> None:
    hint: Json = {"forZones": [{"name": "a"}]} if "trafficDistribution" in policy else {}
    ready: list[Json] = [{"addresses": [each], "conditions": {"ready": True}, "hints": hint} for each in READY]
    spec: Json = {"clusterIP": "10.96.0.10", "ports": [{"name": "http", "port": 80}], **policy}
    local = ServiceObject.model_validate({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
    wanted = Services((local,), (endpoint_slice(*ready),))
    assert mismatches(wanted, forwarding(route(to=READY[:1])), HERE) == frozenset()


def test_a_route_that_is_of_no_service() -> None:
    found = mismatches(SERVED, forwarding(route(), route(None, 30080), route("10.96.0.99"), route(None, 31000)), HERE)
    assert {(each.kind, each.place.address, each.place.port) for each in found} == {
        (Kind.LEFT, "10.96.0.99", 80), (Kind.LEFT, None, 31000)
    }  # fmt: skip


def test_a_route_of_a_protocol_that_its_service_does_not_have_is_of_no_service() -> None:
    sound = (route(), route(None, 30080))
    over_udp = [replace(each, protocol=Protocol.UDP) for each in sound]
    found = mismatches(SERVED, forwarding(*sound, *over_udp), HERE)
    assert {(each.kind, each.place.address, each.place.protocol) for each in found} == {
        (Kind.LEFT, "10.96.0.10", "udp"), (Kind.LEFT, None, "udp")
    }  # fmt: skip


def test_node_ports_of_ipvs_mode_stand_at_the_nodes_addresses() -> None:
    rules = forwarding(route(), route("10.77.0.11", 30080), mode=ProxyMode.IPVS)
    assert mismatches(SERVED, rules, HERE) == frozenset()
    assert kinds(mismatches(SERVED, rules, frozenset())) == {Kind.MISSING, Kind.LEFT}


def test_userspace_mode_shows_no_endpoints() -> None:
    rules = forwarding(route(to=("0.0.0.0",)), route(None, 30080, to=("0.0.0.0",)), mode=ProxyMode.USERSPACE)
    assert mismatches(SERVED, rules, HERE) == frozenset()


@pytest.mark.parametrize(
    "left_aside",
    [
        service(clusterIP="None"),
        service(type="ExternalName", clusterIP=""),
        service(labels={"service.kubernetes.io/service-proxy-name": "other"}),
        service(labels={"service.kubernetes.io/headless": ""}),
        service(clusterIP="fd00::1", clusterIPs=["fd00::1"]),
    ],
    ids=["headless", "external name", "other proxy", "headless label", "ipv6"],
)
def test_services_that_have_no_rules_to_look_for(left_aside: ServiceObject) -> None:
    assert places(Services((left_aside,), ())) == ()


def test_external_and_load_balancer_addresses_need_rules() -> None:
    balanced = ServiceObject.model_validate(
        {
            "metadata": {"name": "lb", "namespace": "shop"},
            "spec": {
                "type": "LoadBalancer", "clusterIP": "10.96.0.3", "externalIPs": ["192.0.2.1"],
                "ports": [{"port": 80, "nodePort": 30001}],
            },
            "status": {
                "loadBalancer": {"ingress": [{"ip": "198.51.100.1"}, {"ip": "198.51.100.2", "ipMode": "Proxy"}]}
            },
        }
    )  # fmt: skip
    found = [each.address for each in places(Services((balanced,), ()))]
    assert found == ["10.96.0.3", "192.0.2.1", "198.51.100.1", None]


def test_names_are_those_of_kubectl() -> None:
    assert str(places(Services((WEB,), ()))[0]) == "shop/web:http (10.96.0.10:80/tcp)"
    assert str(places(Services((WEB,), ()))[1]) == "shop/web:http (node port 30080/tcp)"


def test_an_endpoint_at_another_port() -> None:
    astray = replace(route(), inside=tuple(replace(each, port=8081) for each in shares(*READY)))
    found = mismatches(SERVED, forwarding(astray, route(None, 30080)), HERE)
    assert {(each.kind, each.endpoint) for each in found} == {(Kind.WRONG_PORT, each) for each in READY}


# The same two endpoints in IPv6: their addresses there.
READY_IPV6 = ("fd00:244:0:1::2", "fd00:244:0:2::2")
DUAL = Services(
    SERVED.services,
    (
        *SERVED.slices,
        endpoint_slice(*(endpoint(each, ready=True) for each in READY_IPV6), addressType=str(Family.IPV6)),
    ),
)


def in_ipv6(*routes: Route) -> Forwarding:
    return replace(forwarding(*routes), family=Family.IPV6)


def test_rules_of_ipv6_are_held_against_what_is_served_there() -> None:
    obeying = (route("fd00:96::10", to=READY_IPV6), route(None, 30080, to=READY_IPV6))
    assert mismatches(DUAL, in_ipv6(*obeying), HERE) == frozenset()
    assert kinds(mismatches(DUAL, in_ipv6(obeying[0]), HERE)) == {Kind.MISSING}
    assert kinds(mismatches(DUAL, in_ipv6(*obeying, route("fd00:96::99")), HERE)) == {Kind.LEFT}
    refusing = (route("fd00:96::10", to=()), obeying[1])
    assert kinds(mismatches(DUAL, in_ipv6(*refusing), HERE)) == {Kind.REFUSES}
    stale = (route("fd00:96::10", to=(*READY_IPV6, "fd00:244:0:3::9")), obeying[1])
    assert kinds(mismatches(DUAL, in_ipv6(*stale), HERE)) == {Kind.STALE}


def test_each_family_has_its_own_places() -> None:
    assert [each.address for each in places(DUAL)] == ["10.96.0.10", None]
    assert [str(each) for each in places(DUAL, Family.IPV6)] == [
        "shop/web:http ([fd00:96::10]:80/tcp)",
        "shop/web:http (node port 30080/tcp)",
    ]


def test_clients_are_remembered_for_as_long_as_the_service_says() -> None:
    sticky = service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 86_400}})
    wanted = Services((sticky,), SERVED.slices)

    def told(served: Services, *timeouts_s: int) -> set[str]:
        written = replace(route(), affinity=bool(timeouts_s), affinity_timeouts_s=timeouts_s)
        found = mismatches(served, forwarding(written), HERE)
        assert {each.kind for each in found} <= {Kind.REMEMBERS}
        return {each.endpoint for each in found}

    assert told(wanted, 86_400) == set()
    assert told(wanted, 86_400, 10_800) == {"10800 s"}
    assert told(wanted) == {"no time at all"}
    assert told(Services((service(),), SERVED.slices)) == set()
    assert told(Services((service(),), SERVED.slices), 60) == {"60 s"}
