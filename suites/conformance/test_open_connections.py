"""Open TCP connections: what changes about their Service does not cut them while their backend serves."""

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import HTTP, Policy, Port, Service, ServiceType, endpoints, terminating
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.catalogue import Asks, Flow, Kind, Pods, Step, Steps, Where

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

INSIDE = (
    Flow("web", Where.POD, protocol=Protocol.TCP),
    Flow("web", Where.NODE, protocol=Protocol.TCP),
    Flow("web", Where.POD, protocol=Protocol.TCP, node=1),
)
AT_NODE_PORT = (
    Flow("web", Where.OUTSIDE, Kind.NODE_PORT, Protocol.TCP),
    Flow("web", Where.OUTSIDE, Kind.NODE_PORT, Protocol.TCP, at=1),
)
FEW = Asks(kinds=(Kind.CLUSTER_IP,), places=(Where.POD,))
OF_THE_NODE_PORT = Asks(kinds=(Kind.NODE_PORT,), places=(Where.OUTSIDE,))


@declared(source="KEP-1669: open connections go on while their endpoint terminates")
def test_connections_stay_with_a_backend_that_terminates(pods: Pods) -> Steps:
    """New connections leave a backend that terminates; those that are open stay with it while it serves."""
    service = Service("web", app=None)
    return (
        Step("ready", {service: endpoints(pods[0])}, asks=FEW, flows=INSIDE),
        Step("terminating beside a ready one", {service: endpoints(terminating(pods[0]), pods[1])}, FEW, INSIDE),
    )


@declared(source="docs 'Services'; pkg/proxy/conntrack: TCP entries are left alone")
def test_connections_stay_when_endpoints_come(pods: Pods) -> Steps:
    """Connections at a ClusterIP and a NodePort stay where they are when the Service gets more endpoints."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None)
    flows = (*INSIDE, *AT_NODE_PORT)
    return (
        Step("one", {service: endpoints(pods[0])}, asks=FEW, flows=flows),
        Step("two on each node", {service: endpoints(*pods.all)}, asks=FEW, flows=flows),
    )


@declared(source="API ServiceSpec.ports")
def test_connections_stay_when_a_port_is_added(pods: Pods) -> Steps:
    """Connections to one port of a Service stay open when it gets another one and when its affinity changes."""
    return (
        Step("one port", {Service("web", app=None): endpoints(pods[0])}, asks=FEW, flows=INSIDE),
        Step(
            "two",
            {Service("web", ports=(HTTP, Port(81, HTTP_PORT)), app=None): endpoints(pods[0])},
            asks=FEW,
            flows=INSIDE,
        ),
        Step(
            "sticky",
            {Service("web", ports=(HTTP,), app=None, affinity_timeout_s=600): endpoints(pods[0])},
            asks=FEW,
            flows=INSIDE,
        ),
    )


@declared(source="API ServiceSpec.externalTrafficPolicy; docs 'Traffic policies'")
def test_connections_stay_when_the_policy_changes(pods: Pods) -> Steps:
    """Connections at a NodePort stay open when externalTrafficPolicy becomes Local, also those to another node."""
    anyone = Service("web", type=ServiceType.NODE_PORT, app=None)
    local = Service("web", type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    return (
        Step("Cluster", {anyone: endpoints(pods[0])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("Local", {local: endpoints(pods[0])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
    )
