"""Conditions of endpoints: ready ones are used and no others (API EndpointConditions)."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Endpoint, Service, ServiceType, endpoints, unready
from gauntlet.workload.catalogue import AT_NODE_PORTS, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@declared(
    source="docs 'Services without selectors'; KEP-752",
    upstream=(
        "service: serve a basic endpoint from pods",
        "service: rejected when no endpoints exist",
        "service: rejected for evicted pods",
    ),
)
def test_a_cluster_ip_refuses_whenever_it_has_no_endpoint(pods: Pods) -> Steps:
    """TCP and UDP clients are refused before the first endpoint comes and after the last has gone, and no longer."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("none yet", {service: endpoints()}),
        Step("one", {service: endpoints(pods[0])}),
        Step("none again", {service: endpoints()}),
        Step("another", {service: endpoints(pods[1])}),
    )


@declared(source="docs 'Services without selectors'; kubernetes/kubernetes 43212")
def test_a_node_port_refuses_whenever_it_has_no_endpoint(pods: Pods) -> Steps:
    """The NodePort of every node refuses TCP and UDP clients while there is no endpoint, and serves them afterwards."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("one", {service: endpoints(pods[1])}, asks=AT_NODE_PORTS),
        Step("none", {service: endpoints()}, asks=AT_NODE_PORTS),
        Step("one again", {service: endpoints(pods[0])}, asks=AT_NODE_PORTS),
    )


@declared(
    source="API EndpointConditions.ready",
    upstream=("networking: update endpoints http", "networking: update endpoints udp"),
)
def test_only_ready_endpoints_are_used(pods: Pods) -> Steps:
    """Two endpoints change places, ready and unready; with neither ready, TCP and UDP clients are refused."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("the first is ready", {service: endpoints(pods[0], unready(pods[1]))}),
        Step("the second is ready", {service: endpoints(unready(pods[0]), pods[1])}),
        Step("neither is", {service: endpoints(unready(pods[0]), unready(pods[1]))}),
        Step("both are", {service: endpoints(pods[0], pods[1])}),
    )


@declared(source="API EndpointConditions: nil is interpreted as true")
def test_conditions_that_are_not_said_mean_ready(pods: Pods) -> Steps:
    """An endpoint whose slice says nothing of its state is used like a ready one."""
    service = Service("web", app=None)
    return (
        Step("nothing said", {service: endpoints(Endpoint(pods[0].addresses, pods[0].node), unready(pods[1]))}),
        Step("nothing said of the other", {service: endpoints(Endpoint(pods[1].addresses, pods[1].node))}),
    )


@declared(source="API EndpointConditions.serving; KEP-1672")
def test_serving_without_being_ready_is_not_enough(pods: Pods) -> Steps:
    """An endpoint that serves, is not ready and does not terminate is not used, even if there is no other."""
    service = Service("web", app=None)
    serving = [
        Endpoint(each.addresses, each.node, ready=False, serving=True, terminating=False) for each in (pods[0], pods[1])
    ]
    return (
        Step("beside a ready one", {service: endpoints(pods.beside(0), *serving)}),
        Step("nothing else", {service: endpoints(*serving)}),
    )


@declared(source="API Endpoint.targetRef")
def test_an_endpoint_needs_no_pod_behind_it(pods: Pods) -> Steps:
    """What an endpoint refers to does not matter: one of a pod that does not exist is used, too."""
    service = Service("web", app=None)
    first = Endpoint(pods[0].addresses, pods[0].node, ready=True, target_ref="default/there-is-no-such-pod")
    return (
        Step("of no pod", {service: endpoints(first)}),
        Step("beside one without a reference", {service: endpoints(first, pods[1])}),
    )
