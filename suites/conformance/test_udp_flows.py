"""UDP flows of one source port: they follow the Service, whatever conntrack remembers of them."""

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import HTTP, UDP, Policy, Port, Service, ServiceType, endpoints, slices, terminating, unready
from gauntlet.workload.backend import HOST_UDP_PORT, UDP_PORT
from gauntlet.workload.catalogue import Asks, Flow, Kind, Pods, Step, Steps, Where

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

# From a pod and from the node itself, beside the backends and on another node.
INSIDE = (Flow("web", Where.POD), Flow("web", Where.NODE), Flow("web", Where.POD, node=1))
AT_NODE_PORT = (
    Flow("web", Where.OUTSIDE, Kind.NODE_PORT),
    Flow("web", Where.POD, Kind.NODE_PORT),
    Flow("web", Where.OUTSIDE, Kind.NODE_PORT, at=1),
)
# What the flows ask is what these cases are about.
FEW = Asks(kinds=(Kind.CLUSTER_IP,), places=(Where.POD,))
OF_THE_NODE_PORT = Asks(kinds=(Kind.NODE_PORT,), places=(Where.OUTSIDE,))


@declared(
    source="kubernetes/kubernetes 105657; pkg/proxy/conntrack",
    upstream=(
        "conntrack: UDP goes on when server pod cycles, ClusterIP",
        "conntrack: … with a hostNetwork client",
    ),
)
def test_udp_flows_at_a_cluster_ip_follow_a_replaced_backend(pods: Pods) -> Steps:
    """Senders in pods and on nodes go on with the new backend when theirs is replaced, also by one on another node."""
    service = Service("web", ports=(UDP,), app=None)
    return (
        Step("the first", {service: endpoints(pods[0])}, asks=FEW, flows=INSIDE),
        Step("its neighbour", {service: endpoints(pods.beside(0))}, asks=FEW, flows=INSIDE),
        Step("on another node", {service: endpoints(pods[1])}, asks=FEW, flows=INSIDE),
    )


@declared(
    source="kubernetes/kubernetes 105657; pkg/proxy/conntrack",
    upstream=("conntrack: UDP goes on when server pod cycles, NodePort",),
)
def test_udp_flows_at_a_node_port_follow_a_replaced_backend(pods: Pods) -> Steps:
    """Senders outside and in pods go on with the new backend at the NodePort of its node and of another."""
    service = Service("web", ports=(UDP,), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("the first", {service: endpoints(pods[0])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("on another node", {service: endpoints(pods[1])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("its neighbour", {service: endpoints(pods.beside(1))}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
    )


@declared(source="KEP-2086; pkg/proxy/conntrack", upstream=("conntrack: … with internalTrafficPolicy Local",))
def test_udp_flows_follow_a_replaced_backend_of_their_node(pods: Pods) -> Steps:
    """With internalTrafficPolicy Local, a sender goes on with the next backend of its own node."""
    service = Service("web", ports=(UDP,), app=None, internal_traffic=Policy.LOCAL)
    flows = (Flow("web", Where.POD), Flow("web", Where.NODE))
    return (
        Step("the first", {service: endpoints(pods[0], pods[1])}, asks=FEW, flows=flows),
        Step("its neighbour", {service: endpoints(pods.beside(0), pods[1])}, asks=FEW, flows=flows),
        Step("neither is here", {service: endpoints(pods[1])}, asks=FEW, flows=flows),
        Step("the first again", {service: endpoints(pods[0])}, asks=FEW, flows=flows),
    )


@declared(
    source="kubernetes/kubernetes 139628, 139629, 48370; pkg/proxy/conntrack",
    upstream=("conntrack: UDP arrives when unready endpoints become ready",),
)
def test_udp_flows_are_older_than_the_first_endpoint(pods: Pods) -> Steps:
    """A sender that was refused while there was no endpoint is answered once there is one, and again after a gap."""
    service = Service("web", ports=(UDP,), app=None)
    return (
        Step("none", {service: endpoints()}, asks=FEW, flows=INSIDE),
        Step("the first", {service: endpoints(pods[0])}, asks=FEW, flows=INSIDE),
        Step("none again", {service: endpoints()}, asks=FEW, flows=INSIDE),
        Step("another", {service: endpoints(pods[1])}, asks=FEW, flows=INSIDE),
    )


@declared(
    source="kubernetes/kubernetes 139628, 139629; pkg/proxy/conntrack",
    upstream=("conntrack: UDP arrives when unready endpoints become ready",),
)
def test_udp_flows_at_a_node_port_are_older_than_the_first_endpoint(pods: Pods) -> Steps:
    """At a NodePort, a sender that had no answer while the endpoint was unready is answered once it is ready."""
    service = Service("web", ports=(UDP,), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("unready", {service: endpoints(unready(pods[0]))}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
        Step("ready", {service: endpoints(pods[0])}, asks=OF_THE_NODE_PORT, flows=AT_NODE_PORT),
    )


@declared(source="KEP-1669; pkg/proxy/conntrack")
def test_udp_flows_leave_a_backend_that_terminates(pods: Pods) -> Steps:
    """A sender leaves its backend for a ready one when it terminates, and comes back when nothing else is left."""
    service = Service("web", ports=(UDP,), app=None)
    return (
        Step("ready", {service: endpoints(pods[0])}, asks=FEW, flows=INSIDE),
        Step("terminating", {service: endpoints(terminating(pods[0]), pods[1])}, asks=FEW, flows=INSIDE),
        Step("the other gone", {service: endpoints(terminating(pods[0]))}, asks=FEW, flows=INSIDE),
    )


@declared(source="pkg/proxy/conntrack: entries go when the endpoint of a port changes")
def test_udp_flows_follow_a_changed_target(pods: Pods) -> Steps:
    """When the name of its port comes to mean other endpoints, a sender at ClusterIP and NodePort goes there."""

    def named(name: str) -> Service:
        return Service("web", ports=(Port(80, UDP_PORT, Protocol.UDP, name),), type=ServiceType.NODE_PORT, app=None)

    red = slices("red", pods[0], ports=(Port(80, UDP_PORT, Protocol.UDP, "red"),))
    blue = slices("blue", pods[1], ports=(Port(80, UDP_PORT, Protocol.UDP, "blue"),))
    flows = (*INSIDE, *AT_NODE_PORT)
    return (
        Step("red", {named("red"): (*red, *blue)}, asks=FEW, flows=flows),
        Step("blue", {named("blue"): (*red, *blue)}, asks=FEW, flows=flows),
    )


@declared(
    source="pkg/proxy/conntrack: entries go when the endpoint of a port changes",
    upstream=("conntrack: conntrack entries go when UDP targetPort changes, NodePort",),
)
@pytest.mark.needs("host-network")
def test_udp_flows_follow_a_changed_target_port(pods: Pods) -> Steps:
    """When targetPort changes its number, a sender at ClusterIP and NodePort goes to the new number."""

    def leading_to(target: int) -> Service:
        return Service("web", ports=(Port(80, target, Protocol.UDP),), type=ServiceType.NODE_PORT, app=None)

    flows = (*INSIDE, *AT_NODE_PORT)
    return (
        Step("a pod's", {leading_to(UDP_PORT): endpoints(pods[0])}, asks=FEW, flows=flows),
        Step("a host's", {leading_to(HOST_UDP_PORT): endpoints(pods.of_the_host[1])}, asks=FEW, flows=flows),
    )


@declared(source="pkg/proxy/conntrack: only entries of changed endpoints go")
def test_udp_flows_stay_when_others_change(pods: Pods) -> Steps:
    """A sender is answered on while another Service comes, loses its endpoint and goes, and while its own grows."""
    service, other = Service("web", ports=(UDP,), app=None), Service("other", ports=(HTTP, UDP), app=None)
    mine = endpoints(pods[0])
    return (
        Step("alone", {service: mine}, asks=FEW, flows=INSIDE),
        Step("another comes", {service: mine, other: endpoints(pods[1])}, asks=FEW, flows=INSIDE),
        Step("and has no endpoint", {service: mine, other: endpoints()}, asks=FEW, flows=INSIDE),
        Step("one endpoint more", {service: endpoints(pods[0], pods[1])}, asks=FEW, flows=INSIDE),
    )


@declared(
    source="kubernetes/kubernetes 105657; pkg/proxy/conntrack",
    upstream=(
        "loadbalancer: UDP goes on when server pod cycles, other node",
        "loadbalancer: UDP goes on when server pod cycles, same node",
    ),
)
@pytest.mark.needs("load-balancer")
def test_udp_flows_at_an_ingress_ip_follow_a_replaced_backend(pods: Pods) -> Steps:
    """At an ingress IP, senders outside and in pods go on when their backend is replaced, on its node and another."""
    service = Service("web", ports=(UDP,), type=ServiceType.LOAD_BALANCER, app=None)
    asks = Asks(kinds=(Kind.LOAD_BALANCER,), places=(Where.OUTSIDE,))
    flows = (Flow("web", Where.OUTSIDE, Kind.LOAD_BALANCER), Flow("web", Where.POD, Kind.LOAD_BALANCER))
    return (
        Step("the first", {service: endpoints(pods[0])}, asks=asks, flows=flows),
        Step("its neighbour", {service: endpoints(pods.beside(0))}, asks=asks, flows=flows),
        Step("on another node", {service: endpoints(pods[1])}, asks=asks, flows=flows),
    )
