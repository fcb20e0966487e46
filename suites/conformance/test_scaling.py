"""Scaling: every endpoint that is there gets connections, and none that is gone."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Service, ServiceType, endpoints
from gauntlet.workload.catalogue import AT_NODE_PORTS, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@declared(
    source="docs 'Services'",
    upstream=("dual_stack: update endpoints http", "dual_stack: update endpoints udp"),
)
def test_new_endpoints_get_connections_and_old_ones_none(pods: Pods) -> Steps:
    """From one endpoint to two on each node and back to two, each that is there is met, over TCP and UDP."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("one", {service: endpoints(pods[0])}),
        Step("two on each node", {service: endpoints(*pods.all)}),
        Step("two of those", {service: endpoints(pods[1], pods.beside(0))}),
    )


@declared(source="docs 'Services', type NodePort")
def test_clients_outside_meet_each_endpoint_after_scaling(pods: Pods) -> Steps:
    """At the NodePort of every node, clients outside meet each endpoint, also right after scaling up and down."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None)
    return (
        Step("two on each node", {service: endpoints(*pods.all)}, asks=AT_NODE_PORTS),
        Step("one on each node", {service: endpoints(*pods.one_each)}, asks=AT_NODE_PORTS),
    )


@declared(source="docs 'Services'")
def test_a_backend_is_replaced_by_another(pods: Pods) -> Steps:
    """When the only endpoint is replaced by one on another node, and that by its neighbour, each takes over."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("on the first node", {service: endpoints(pods[0])}),
        Step("on the second", {service: endpoints(pods[1])}),
        Step("its neighbour", {service: endpoints(pods.beside(1))}),
    )
