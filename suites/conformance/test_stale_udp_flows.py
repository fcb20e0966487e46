"""UDP flows that outlive what they were for (docs/known-defects.md: not every kube-proxy ends them)."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import UDP, Service, ServiceType, endpoints, unready
from gauntlet.workload.catalogue import Asks, Flow, Kind, Pods, Step, Steps, Where

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

INSIDE = (Flow("web", Where.POD), Flow("web", Where.NODE), Flow("web", Where.POD, node=1))
AT_NODE_PORT = (
    Flow("web", Where.OUTSIDE, Kind.NODE_PORT),
    Flow("web", Where.POD, Kind.NODE_PORT),
    Flow("web", Where.OUTSIDE, Kind.NODE_PORT, at=1),
)
FEW = Asks(kinds=(Kind.CLUSTER_IP,), places=(Where.POD,))
OF_THE_NODE_PORT = Asks(kinds=(Kind.NODE_PORT,), places=(Where.OUTSIDE,))


@declared(source="kubernetes/kubernetes 139628, 139629; pkg/proxy/conntrack")
def test_udp_flows_at_a_node_port_end_with_the_last_endpoint(pods: Pods) -> Steps:
    """At a NodePort, a sender has no answer once the last endpoint is unready, and goes on with the next one."""
    service = Service("web", ports=(UDP,), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("ready", {service: endpoints(pods[0])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("unready", {service: endpoints(unready(pods[0]))}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("another ready", {service: endpoints(pods[1])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
    )


@declared(source="kubernetes/kubernetes 141371; pkg/proxy/conntrack")
def test_udp_flows_of_a_deleted_service_have_no_answer(pods: Pods) -> Steps:
    """A sender has no answer once the Service is deleted, and has one again when it is made anew at its address."""
    service = Service("web", ports=(UDP,), app=None)
    return (
        Step("there", {service: endpoints(pods[0])}, asks=FEW, flows=INSIDE),
        Step("deleted", {}, asks=FEW, flows=INSIDE),
        Step("made again", {service: endpoints(pods[1])}, asks=FEW, flows=INSIDE),
    )


@declared(source="kubernetes/kubernetes 141371, 125467; pkg/proxy/conntrack")
def test_udp_flows_at_the_node_port_of_a_deleted_service(pods: Pods) -> Steps:
    """At a NodePort a sender has no answer once the Service is deleted, and has one when it is made anew there."""
    service = Service("web", ports=(UDP,), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("there", {service: endpoints(pods[0])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("deleted", {}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("made again", {service: endpoints(pods[1])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
    )
