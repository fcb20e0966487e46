"""The examples that the documentation of Kubernetes gives itself, one test each, with their own figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.semantics import Reaction
from gauntlet.semantics.endpoints import PodState, conditions_of, copies, hints_of, pool
from gauntlet.semantics.frontends import Kind, frontends
from gauntlet.semantics.objects import (
    Conditions,
    Distribution,
    Endpoint,
    EndpointSlice,
    Hints,
    Ingress,
    IpMode,
    Policy,
    Protocol,
    Service,
    ServicePort,
    ServiceType,
    SlicePort,
)
from gauntlet.semantics.outcomes import Source, SourceKind
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.versions import NEWEST
from tests.unit.semantics.world import (
    SHORT_CIRCUIT,
    WEB,
    endpoint,
    everywhere,
    frontend,
    in_slice,
    nodes_of,
    only,
    outcome,
    outside,
    own,
    pod,
)


def test_a_service_leads_from_its_port_to_the_target_port() -> None:
    """docs, Service, 'Defining a Service': port 80, targetPort 9376."""
    port = ServicePort(80)
    service = Service("default/my-service", (port,), cluster_ips=("10.0.171.239",))
    made = EndpointSlice(service.name, (Endpoint(("10.244.1.5",)),), (SlicePort(9376),))
    assert [str(each) for each in pool(copies([made]), service, port, Family.IPV4)] == ["10.244.1.5:9376"]


def test_a_service_without_selector_leads_where_its_slice_says() -> None:
    """docs, Service, 'Services without selectors': 10.4.5.6 and 10.1.2.3, both at 9376."""
    port = ServicePort(80, "http")
    service = Service("default/my-service", (port,), cluster_ips=("10.0.0.1",), has_selector=False)
    made = EndpointSlice(
        service.name, (Endpoint(("10.4.5.6",)), Endpoint(("10.1.2.3",))), (SlicePort(9376, "http"),)
    )  # fmt: skip
    assert [str(each) for each in pool(copies([made]), service, port, Family.IPV4)] == [
        "10.1.2.3:9376", "10.4.5.6:9376"
    ]  # fmt: skip


def test_each_of_several_ports_has_a_frontend() -> None:
    """docs, Service, 'Multi-port Services': http 80 → 9376 and https 443 → 9377."""
    ports = (ServicePort(80, "http"), ServicePort(443, "https"))
    service = Service("default/my-service", ports, cluster_ips=("10.0.0.1",))
    made = EndpointSlice(
        service.name, (Endpoint(("10.244.1.5",)),), (SlicePort(9376, "http"), SlicePort(9377, "https"))
    )
    met = {each.number: pool(copies([made]), service, each.port, each.family)[0] for each in frontends(service, NEWEST)}
    assert {number: backend.port for number, backend in met.items()} == {80: 9376, 443: 9377}


def test_a_node_port_is_served_on_every_node() -> None:
    """docs, Service, 'type: NodePort': nodePort 30007, on every node, whichever runs a backend."""
    service = replace(WEB, type=ServiceType.NODE_PORT, ports=(ServicePort(80, "http", node_port=30007),), ingress=())
    for node in "abc":
        asked = frontend(service, Kind.NODE_PORT, at=node)
        assert asked.number == 30007
        found = outcome(service, [in_slice(endpoint("b"))], asked, outside(), ProxyMode.IPTABLES)
        assert (only(found), nodes_of(found)) == (Reaction.ANSWERED, "b")


def test_clients_reach_a_service_by_its_external_ip() -> None:
    """docs, Service, 'External IPs': 198.51.100.32:80."""
    asked = frontend(WEB, Kind.EXTERNAL_IP)
    assert str(asked) == "external IP 198.51.100.32:80/TCP"
    assert nodes_of(outcome(WEB, [everywhere()], asked, outside(), ProxyMode.NFTABLES)) == "abc"


def test_an_ingress_in_mode_proxy_is_not_for_kube_proxy() -> None:
    """docs, Service, 'Load balancer IP mode': with Proxy, traffic goes by the load balancer, not short-cut."""
    service = replace(WEB, ingress=(Ingress("203.0.113.7", IpMode.PROXY),))
    asked = frontend(WEB, Kind.LOAD_BALANCER)
    found = outcome(service, [everywhere()], asked, pod(), ProxyMode.IPTABLES)
    assert (only(found), found.rules) == (Reaction.UNHANDLED, (Rule.PROXY_MODE_INGRESS,))


def test_headless_services_and_external_names_have_no_frontend() -> None:
    """docs, Service, 'Headless Services' and 'type: ExternalName': kube-proxy does not handle them."""
    assert frontends(replace(WEB, cluster_ips=()), NEWEST) == ()
    assert frontends(replace(WEB, type=ServiceType.EXTERNAL_NAME), NEWEST) == ()


@pytest.mark.parametrize("mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS])
def test_a_pod_keeps_its_address_at_a_cluster_ip(mode: ProxyMode) -> None:
    """docs, 'Using Source IP', Type=ClusterIP: the backend sees the client pod, on whichever node that is."""
    found = outcome(WEB, [everywhere()], frontend(WEB, Kind.CLUSTER_IP), pod("a"), mode)
    assert {source for each in found.answers for source in each.sources} == {Source(SourceKind.CLIENT)}


@pytest.mark.parametrize("mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS])
def test_a_client_of_a_node_port_is_seen_as_the_node(mode: ProxyMode) -> None:
    """docs, 'Using Source IP', Type=NodePort: client_address is not the client's, but the node's."""
    found = outcome(WEB, [everywhere()], frontend(WEB, Kind.NODE_PORT, at="b"), outside(), mode)
    assert {source for each in found.answers for source in each.sources} == {Source(SourceKind.NODE, "b")}


@pytest.mark.parametrize("mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS])
def test_with_policy_local_the_node_of_the_backend_answers_alone(mode: ProxyMode) -> None:
    """docs, 'Using Source IP': of two nodes the one with the pod answers, with the client's address; packets to the
    other are dropped.
    """
    service = replace(WEB, external_policy=Policy.LOCAL)
    slices = [in_slice(endpoint("b"))]
    here = outcome(service, slices, frontend(service, Kind.NODE_PORT, at="b"), outside(), mode)
    assert only(here) is Reaction.ANSWERED
    assert here.sources(*here.backends) == {Source(SourceKind.CLIENT)}
    there = outcome(service, slices, frontend(service, Kind.NODE_PORT, at="a"), outside(), mode)
    assert (only(there), there.backends) == (Reaction.SWALLOWED, frozenset())


@pytest.mark.parametrize("mode", SHORT_CIRCUIT)
def test_with_internal_policy_local_a_node_without_endpoints_has_none(mode: ProxyMode) -> None:
    """docs, 'Service Internal Traffic Policy': the Service behaves as if it had zero endpoints for pods there."""
    service = replace(WEB, internal_policy=Policy.LOCAL)
    asked = frontend(service, Kind.CLUSTER_IP)
    slices = [in_slice(endpoint("b"))]
    assert nodes_of(outcome(service, slices, asked, pod("b"), mode)) == "b"
    assert only(outcome(service, slices, asked, pod("a"), mode)) is Reaction.SWALLOWED


def test_session_affinity_keeps_a_client_for_three_hours() -> None:
    """docs, 'Virtual IPs', 'Session affinity': by the client's address, timeoutSeconds 10800 by default."""
    service = replace(WEB, affinity_timeout_s=10800)
    found = outcome(service, [everywhere()], frontend(service, Kind.CLUSTER_IP), pod(), ProxyMode.IPTABLES)
    assert (found.affinity_timeout_s, found.rules[-1]) == (10800, Rule.AFFINITY)


@pytest.mark.parametrize(
    ("state", "publishes", "conditions"),
    [
        (PodState(ready=True), False, Conditions(ready=True, serving=True)),
        (PodState(ready=False), False, Conditions(ready=False, serving=False)),
        (PodState(ready=True, terminating=True), False, Conditions(ready=False, serving=True, terminating=True)),
        (PodState(ready=False, terminating=True), False, Conditions(ready=False, serving=False, terminating=True)),
        (PodState(ready=False), True, Conditions(ready=True, serving=False)),
        (PodState(ready=True, terminating=True), True, Conditions(ready=True, serving=True, terminating=True)),
    ],
)
def test_conditions_follow_from_the_pod(state: PodState, publishes: bool, conditions: Conditions) -> None:  # noqa: FBT001
    """docs, EndpointSlices, 'Conditions': ready is serving and not terminating, but for publishNotReadyAddresses."""
    assert conditions_of(state, replace(WEB, publish_not_ready=publishes)) == conditions


@pytest.mark.parametrize(
    ("distribution", "hints"),
    [
        (Distribution.NONE, Hints()),
        (Distribution.PREFER_CLOSE, Hints(frozenset({"us-west2-a"}))),
        (Distribution.PREFER_SAME_ZONE, Hints(frozenset({"us-west2-a"}))),
        (Distribution.PREFER_SAME_NODE, Hints(frozenset({"us-west2-a"}), frozenset({"node-1"}))),
    ],
)
def test_hints_follow_from_the_distribution(distribution: Distribution, hints: Hints) -> None:
    """docs, EndpointSlices: the example's endpoint on node-1 in us-west2-a; KEP-4444 and KEP-3015: hints by value."""
    made = Endpoint(("10.1.2.3",), "node-1", "us-west2-a")
    assert hints_of(made, replace(WEB, distribution=distribution)) == hints
    assert (
        hints_of(replace(made, conditions=Conditions(ready=False)), replace(WEB, distribution=distribution)) == Hints()
    )


def test_source_ranges_hold_at_the_load_balancer_alone() -> None:
    """API ServiceSpec.loadBalancerSourceRanges: traffic through the load balancer is restricted to these clients."""
    service = replace(WEB, source_ranges=("130.211.204.1/32", "130.211.204.2/32"))
    asked = frontend(service, Kind.LOAD_BALANCER)
    slices = [everywhere()]
    allowed = outcome(service, slices, asked, outside(at="130.211.204.2"), ProxyMode.IPTABLES)
    denied = outcome(service, slices, asked, outside(at="130.211.204.3"), ProxyMode.IPTABLES)
    assert (only(allowed), only(denied)) == (Reaction.ANSWERED, Reaction.SWALLOWED)
    by_node = outcome(service, slices, frontend(service, Kind.NODE_PORT, at="a"), outside(), ProxyMode.IPTABLES)
    assert only(by_node) is Reaction.ANSWERED


@pytest.mark.parametrize("protocol", list(Protocol))
def test_protocols_of_one_port_number_are_different_frontends(protocol: Protocol) -> None:
    """docs, 'Protocols for Services': DNS on 53, TCP and UDP, in one Service."""
    ports = tuple(ServicePort(53, each.lower(), each) for each in Protocol)
    service = Service("kube-system/dns", ports, cluster_ips=("10.96.0.10",))
    made = EndpointSlice(service.name, (Endpoint(("10.244.1.5",)),), (SlicePort(53, protocol.lower(), protocol),))
    asked = {each.protocol: each for each in frontends(service, NEWEST)}
    met = {each for each in asked if pool(copies([made]), service, asked[each].port, Family.IPV4)}
    assert met == {protocol}


def test_a_node_in_front_of_a_policy_local_is_not_bound_by_it() -> None:
    """API ServiceSpec.externalTrafficPolicy: traffic from within the cluster to an external or LoadBalancer IP always
    gets Cluster semantics.
    """
    service = replace(WEB, external_policy=Policy.LOCAL)
    for place in (pod("a"), own("a")):
        for kind in (Kind.EXTERNAL_IP, Kind.LOAD_BALANCER):
            found = outcome(service, [in_slice(endpoint("b"))], frontend(service, kind), place, ProxyMode.IPTABLES)
            assert (only(found), nodes_of(found)) == (Reaction.ANSWERED, "b")
