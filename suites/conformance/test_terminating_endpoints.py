"""Terminating endpoints: those that still serve are the last resort, and never used before (KEP-1669)."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Endpoint, Policy, Service, ServiceType, ended, endpoints, slices, terminating
from gauntlet.workload.catalogue import AT_NODE_PORTS, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@declared(source="KEP-1669", upstream=("service: fall back to terminating endpoints, internal Cluster",))
def test_terminating_endpoints_serve_while_nothing_is_ready(pods: Pods) -> Steps:
    """At a ClusterIP, endpoints that terminate are used when no ready one is left, and only then."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("two are ready, one terminates", {service: endpoints(pods[0], pods[1], terminating(pods[2]))}),
        Step("all terminate", {service: endpoints(*map(terminating, (pods[0], pods[1], pods[2])))}),
        Step("one is ready again", {service: endpoints(terminating(pods[0]), pods[1], terminating(pods[2]))}),
    )


@declared(source="KEP-1669, KEP-2086", upstream=("service: fall back to local terminating endpoints, internal Local",))
def test_each_node_falls_back_to_its_own_terminating_endpoints(pods: Pods) -> Steps:
    """With internalTrafficPolicy Local, a node uses its terminating endpoints if none of its own is ready."""
    service = Service("web", ports=(HTTP, UDP), app=None, internal_traffic=Policy.LOCAL)
    own = terminating(pods.beside(0))
    return (
        Step("the first node has a ready one", {service: endpoints(pods[0], own, terminating(pods[1]))}),
        Step("none is ready", {service: endpoints(own, terminating(pods[1]))}),
        Step("the other node has a ready one", {service: endpoints(own, terminating(pods[1]), pods.beside(1))}),
        Step("the first node has none", {service: endpoints(pods[1])}),
    )


@declared(source="KEP-1669", upstream=("service: fall back to terminating endpoints, external Cluster",))
def test_node_ports_fall_back_to_terminating_endpoints(pods: Pods) -> Steps:
    """At NodePorts, endpoints that terminate are used when no ready one is left, and only then."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None)
    return (
        Step("one terminates", {service: endpoints(pods[0], terminating(pods[1]))}, asks=AT_NODE_PORTS),
        Step("both do", {service: endpoints(terminating(pods[0]), terminating(pods[1]))}, asks=AT_NODE_PORTS),
        Step("one is ready", {service: endpoints(terminating(pods[0]), pods[1])}, asks=AT_NODE_PORTS),
    )


@declared(
    source="KEP-1669; kubernetes/kubernetes 85643",
    upstream=("service: fall back to local terminating endpoints, external Local",),
)
def test_node_ports_of_policy_local_fall_back_on_each_node(pods: Pods) -> Steps:
    """With externalTrafficPolicy Local, clients outside meet a node's terminating endpoints if it has no ready one."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    own = terminating(pods.beside(0))
    return (
        Step("a ready one beside", {service: endpoints(pods[0], own, terminating(pods[1]))}, asks=AT_NODE_PORTS),
        Step("the ready one goes", {service: endpoints(own, terminating(pods[1]))}, asks=AT_NODE_PORTS),
        Step("one is ready elsewhere", {service: endpoints(own, pods[1])}, asks=AT_NODE_PORTS),
    )


@declared(source="KEP-1669; pkg/proxy/topology.go")
def test_the_two_policies_fall_back_each_by_itself(pods: Pods) -> Steps:
    """Where the ClusterIP is Local and the NodePort is not, only the former uses what terminates on its node."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL)
    return (
        Step("one terminates, one is ready elsewhere", {service: endpoints(terminating(pods[0]), pods[1])}),
        Step("both terminate", {service: endpoints(terminating(pods[0]), terminating(pods[1]))}),
    )


@declared(
    source="API EndpointConditions.serving; KEP-1669",
    upstream=("service: terminating+unready NOT reachable without it",),
)
def test_what_terminates_and_serves_no_more_is_never_used(pods: Pods) -> Steps:
    """An endpoint that terminates without serving is no last resort: without another, clients are refused."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("a ready one beside it", {service: endpoints(pods[0], ended(pods[1]))}),
        Step("only such are left", {service: endpoints(ended(pods[0]), ended(pods[1]))}),
        Step("one serves still", {service: endpoints(terminating(pods[0]), ended(pods[1]))}),
    )


@declared(
    source="API ServiceSpec.publishNotReadyAddresses, EndpointConditions.ready",
    upstream=(
        "service: endpoints for unready pods (publishNotReadyAddresses)",
        "service: terminating+unready reachable with publishNotReadyAddresses",
    ),
)
def test_what_is_published_as_ready_is_used_whatever_its_state(pods: Pods) -> Steps:
    """Published by publishNotReadyAddresses, an endpoint counts as ready though it does not serve and terminates."""
    service = Service("web", app=None, publish_not_ready=True)
    published = Endpoint(pods[1].addresses, pods[1].node, ready=True, serving=False, terminating=True)
    return (
        Step("beside a ready one", {service: endpoints(pods[0], published)}),
        Step("alone", {service: endpoints(published)}),
        Step("and no more", {service: endpoints(pods[0])}),
    )


@declared(source="kubernetes/kubernetes 135266, 114440; pkg/proxy/endpointslicecache.go")
def test_an_address_once_ready_and_once_terminating_is_ready(pods: Pods) -> Steps:
    """If one slice has an address twice, ready and terminating, it is served, also on its own node."""
    service = Service("web", app=None)
    return (
        Step("nothing but that", {service: endpoints(terminating(pods[0]), pods[0])}),
        Step("it only terminates", {service: endpoints(terminating(pods[0]), pods[1])}),
        Step("it is ready as well", {service: endpoints(terminating(pods[0]), pods[0], pods[1])}),
    )


@declared(source="kubernetes/kubernetes 135266, 114440; pkg/proxy/endpointslicecache.go")
def test_an_address_ready_in_one_slice_and_terminating_in_another_is_ready(pods: Pods) -> Steps:
    """If an address terminates in one slice and is ready in another, it is served, whichever slice comes first."""
    service = Service("web", app=None)
    return (
        Step("last", {service: (*slices("a", terminating(pods[0])), *slices("b", pods[0]))}),
        Step("not at all", {service: (*slices("a", terminating(pods[0])), *slices("b", pods[1]))}),
        Step("first", {service: (*slices("a", pods[0], pods[1]), *slices("b", terminating(pods[0])))}),
    )


@declared(source="kubernetes/kubernetes 135266; KEP-2086")
def test_an_address_once_terminating_is_ready_for_policy_local(pods: Pods) -> Steps:
    """With both policies Local, an address that is there ready and terminating serves the clients of its node."""
    service = Service(
        "web", type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL, external_traffic=Policy.LOCAL
    )
    return (
        Step("twice there", {service: endpoints(pods[0], terminating(pods[0]))}),
        Step("moved on", {service: endpoints(pods[1], terminating(pods[1]), terminating(pods.beside(0)))}),
    )
