"""What is asked of the API so that one declaration becomes another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from gauntlet.ground.cluster import Json
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family
from gauntlet.semantics.objects import Policy, ServiceType
from gauntlet.workload.changes import Change, Declarations, Endpoints, Kind, Verb, requests, transitions
from gauntlet.workload.endpoints import Endpoint, Slice, ended, endpoints, ready, slices, terminating, unready
from gauntlet.workload.service import HTTP, UDP, IpFamilyPolicy, Port, Service
from tests.unit.workload.declared import services, wanted
from tests.unit.workload.test_manifests import merged

WEB = Service("web", app=None)
A = Endpoint(("10.244.1.2", "fd00:10:244:1::2"), "node-1", ready=True)
B = Endpoint(("10.244.2.2", "fd00:10:244:2::2"), "node-2", ready=True)


class _Pod:
    node = "node-1"
    addresses = ("10.244.1.2", "fd00:10:244:1::2")


def _asked(previous: Declarations, wanted: Declarations) -> list[Change]:
    return [each for transition in transitions(previous, wanted).values() for each in requests(transition)]


def _words(asked: list[Change]) -> list[str]:
    return [f"{each.verb} {each.kind} {each.name}" for each in asked]


def test_a_service_comes_after_its_endpoints() -> None:
    assert _words(_asked({}, {WEB: [A]})) == ["create EndpointSlice web-ipv4", "create Service web"]


def test_each_family_of_the_service_has_a_slice() -> None:
    both = replace(WEB, ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK)
    v4, v6, _ = _asked({}, {both: [A, B]})
    assert v4.body is not None
    assert v6.body is not None
    assert (v4.body["addressType"], v6.body["addressType"]) == ("IPv4", "IPv6")
    assert [each["addresses"] for each in v6.body["endpoints"]] == [["fd00:10:244:1::2"], ["fd00:10:244:2::2"]]  # type: ignore[index,union-attr,call-overload]
    only_v6 = replace(WEB, ip_families=(Family.IPV6,))
    assert _words(_asked({}, {only_v6: [A]})) == ["create EndpointSlice web-ipv6", "create Service web"]


def test_what_is_the_same_is_not_asked_for() -> None:
    assert _asked({WEB: [A]}, {WEB: [A]}) == []
    assert _asked({WEB: [A]}, {replace(WEB): (replace(A),)}) == []


def test_other_endpoints_change_the_slice_alone() -> None:
    (asked,) = _asked({WEB: [A]}, {WEB: [A, B]})
    assert (asked.verb, asked.kind, asked.name) == (Verb.UPDATE, Kind.SLICE, "web-ipv4")


def test_a_service_without_endpoints_has_no_slice() -> None:
    assert _words(_asked({WEB: [A]}, {WEB: []})) == ["delete EndpointSlice web-ipv4"]
    assert _words(_asked({WEB: []}, {WEB: [A]})) == ["create EndpointSlice web-ipv4"]


def test_an_empty_slice_can_be_declared() -> None:
    assert _words(_asked({WEB: [Slice("a", (A,))]}, {WEB: [Slice("a")]})) == ["update EndpointSlice web-a"]


def test_other_ports_change_service_and_slices() -> None:
    renumbered = replace(WEB, ports=(Port(81, 8080),))
    assert _words(_asked({WEB: [A]}, {renumbered: [A]})) == ["update EndpointSlice web-ipv4", "update Service web"]


def test_another_policy_leaves_the_slices_alone() -> None:
    assert _words(_asked({WEB: [A]}, {replace(WEB, internal_traffic=Policy.LOCAL): [A]})) == ["update Service web"]


def test_a_service_goes_before_its_slices() -> None:
    assert _words(_asked({WEB: [A]}, {})) == ["delete Service web", "delete EndpointSlice web-ipv4"]


def test_slices_come_change_and_go_one_by_one() -> None:
    before = [Slice("a", (A,)), Slice("b", (B,)), Slice("c", (A,))]
    after = [Slice("a", (B,)), Slice("b", (B,)), Slice("d", (A,))]
    assert _words(_asked({WEB: before}, {WEB: after})) == [
        "update EndpointSlice web-a", "create EndpointSlice web-d", "delete EndpointSlice web-c",
    ]  # fmt: skip


def test_a_slice_of_another_address_type_is_made_anew() -> None:
    after = [Slice("a", (Endpoint(("web.example",)),), address_type="FQDN")]
    assert _words(_asked({WEB: [Slice("a", (A,))]}, {WEB: after})) == [
        "delete EndpointSlice web-a", "create EndpointSlice web-a",
    ]  # fmt: skip


def test_labels_and_annotations_that_are_gone_are_taken_away() -> None:
    before = replace(WEB, labels={"a": "1", "b": "2"}, annotations={"c": "3"})
    (asked,) = _asked({before: []}, {replace(before, labels={"b": "4"}, annotations={}): []})
    assert asked.body is not None
    assert asked.body["metadata"] == {"labels": {"a": None, "b": "4"}, "annotations": {"c": None}}


def test_a_change_of_type_leaves_addresses_to_the_api() -> None:
    balanced = replace(
        WEB, type=ServiceType.LOAD_BALANCER, source_ranges=("192.0.2.0/24",), external_traffic=Policy.LOCAL,
        health_check_node_port=30_999, allocate_node_ports=False, load_balancer_class="example.com/own",
    )  # fmt: skip
    (asked,) = _asked({balanced: []}, {WEB: []})
    assert asked.body is not None
    spec = asked.body["spec"]
    assert isinstance(spec, dict)
    assert spec["type"] == "ClusterIP"
    gone = (
        "loadBalancerSourceRanges", "externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts",
        "loadBalancerClass",
    )  # fmt: skip
    assert {spec[each] for each in gone} == {None}
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & spec.keys()


def test_two_services_of_one_name_are_refused() -> None:
    with pytest.raises(GauntletError, match="two Services are called web"):
        transitions({}, {WEB: [], replace(WEB, headless=True): []})


def test_endpoints_beside_slices_are_refused() -> None:
    with pytest.raises(GauntletError, match="Service web has slices and endpoints beside them"):
        transitions({}, {WEB: (*slices("a", A), B)})  # type: ignore[dict-item]


def test_slices_of_each_family() -> None:
    only_v4 = Endpoint(("10.244.3.2",))
    v4, v6 = slices("a", A, only_v4, ports=(HTTP,), labels={"b": ""})
    assert (v4.name, v4.address_type, v4.endpoints) == (
        "a-ipv4",
        "IPv4",
        (replace(A, addresses=A.addresses[:1]), only_v4),
    )
    assert (v6.name, v6.address_type, v6.endpoints) == ("a-ipv6", "IPv6", (replace(A, addresses=A.addresses[1:]),))
    assert {(each.ports, tuple(each.labels)) for each in (v4, v6)} == {((HTTP,), ("b",))}
    assert slices("a", only_v4)[0].ports is None


def test_slices_of_a_service_with_a_selector_are_refused() -> None:
    with pytest.raises(GauntletError, match="has a selector"):
        _asked({}, {Service("web"): [A]})


def test_a_slice_cannot_lead_to_a_named_port() -> None:
    with pytest.raises(GauntletError, match="port 80 of Service web leads to 'http'"):
        _asked({}, {replace(WEB, ports=(Port(80, "http"),)): [A]})


def test_constructors_say_what_the_controller_would() -> None:
    pod = _Pod()
    said = [(each.ready, each.serving, each.terminating) for each in (make(pod) for make in _MAKERS)]
    assert said == [(True, True, False), (False, False, False), (False, True, True), (False, False, True)]
    assert endpoints(pod, B) == (ready(pod), B)
    assert all(make(pod).addresses == pod.addresses and make(pod).node == "node-1" for make in _MAKERS)


_MAKERS = (ready, unready, terminating, ended)


def test_ports_without_a_name_and_with_another() -> None:
    assert (HTTP.name, UDP.name, Port(80, 8080, given_name="").name) == ("tcp-80", "udp-80", "")


def _followed(store: dict[tuple[Kind, str], Json], asked: list[Change]) -> dict[tuple[Kind, str], Json]:
    """What an API server has after these requests; it refuses none."""
    there = dict(store)
    for each in asked:
        at = (each.kind, each.name)
        assert (at in there) is (each.verb is not Verb.CREATE), f"{each.verb} {at}"
        if each.verb is Verb.DELETE:
            del there[at]
        else:
            there[at] = merged(there.get(at), each.body)
    return there


@given(services("web"), wanted(), services("web"), wanted())
def test_what_is_changed_is_what_would_have_been_made(
    before: Service, old: Endpoints, after: Service, new: Endpoints
) -> None:
    made = _followed({}, _asked({}, {before: old}))
    changed = _followed(made, _asked({before: old}, {after: new}))
    anew = _followed({}, _asked({}, {after: new}))
    assert changed.keys() == anew.keys()
    assert {at: each for at, each in changed.items() if at[0] is Kind.SLICE} == {
        at: each for at, each in anew.items() if at[0] is Kind.SLICE
    }
    assert _followed(changed, _asked({after: new}, {})) == {}
