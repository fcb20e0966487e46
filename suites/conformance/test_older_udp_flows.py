"""UDP flows that are older than what they ask for: nobody has them answered up to 1.37. Nightly runs ask it.

They run alone: kube-proxy cleans up whenever endpoints of any UDP port change, and so by chance for other cases.
"""

from dataclasses import replace

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import UDP, IpMode, Port, Service, ServiceType, endpoints, ingress
from gauntlet.workload.backend import UDP_PORT
from gauntlet.workload.catalogue import AT_LOAD_BALANCERS, Asks, Flow, Kind, Pods, Step, Steps, Where

FEW = Asks(kinds=(Kind.CLUSTER_IP,), places=(Where.POD,))
OF_THE_NODE_PORT = Asks(kinds=(Kind.NODE_PORT,), places=(Where.OUTSIDE,))


@pytest.mark.alone
@declared(source="kubernetes/kubernetes 139628; docs 'Services', type NodePort; pkg/proxy/conntrack")
def test_udp_flows_are_older_than_their_node_port(pods: Pods) -> Steps:
    """A sender that asks for a number before it is a NodePort is answered as soon as it is one."""
    number = 31_753
    flows = (
        Flow("web", Where.OUTSIDE, Kind.NODE_PORT, port=number),
        Flow("web", Where.OUTSIDE, Kind.NODE_PORT, at=1, port=number),
        Flow("web", Where.POD, Kind.NODE_PORT, port=number),
    )
    port = Port(80, UDP_PORT, Protocol.UDP, node_port=number)
    inside = Service("web", ports=(UDP,), app=None)
    outside = Service("web", ports=(port,), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("no NodePort yet", {inside: endpoints(pods[0])}, asks=FEW, flows=flows),
        Step("a NodePort", {outside: endpoints(pods[0])}, asks=OF_THE_NODE_PORT, flows=flows),
    )


@pytest.mark.alone
@declared(source="API ServiceSpec.externalIPs; pkg/proxy/conntrack")
def test_udp_flows_are_older_than_their_external_ip(pods: Pods) -> Steps:
    """A sender that asks for an address while the Service does not have it is answered as soon as it has."""
    flows = (Flow("web", Where.POD, Kind.EXTERNAL_IP), Flow("web", Where.POD, Kind.EXTERNAL_IP, node=1))
    at_external_ips = Asks(kinds=(Kind.EXTERNAL_IP,), places=(Where.POD,))
    inside = Service("web", ports=(UDP,), app=None)
    outside = Service("web", ports=(UDP,), app=None, external_ips=("198.51.100.30",))
    return (
        Step("an external IP", {outside: endpoints(pods[0])}, asks=at_external_ips),
        Step("none", {inside: endpoints(pods[0])}, asks=at_external_ips, flows=flows),
        Step("the same again", {outside: endpoints(pods[0])}, asks=at_external_ips, flows=flows),
    )


@pytest.mark.alone
@pytest.mark.needs("asked-ingress")
@pytest.mark.needs("load-balancer")
@declared(source="API LoadBalancerStatus.ingress; KEP-1860; pkg/proxy/conntrack")
def test_udp_flows_are_older_than_their_ingress_ip(pods: Pods) -> Steps:
    """A sender that asks for an address while nodes leave it to a proxy is answered as soon as it is theirs."""
    flows = (
        Flow("web", Where.POD, Kind.LOAD_BALANCER),
        Flow("web", Where.POD, Kind.LOAD_BALANCER, node=1),
        Flow("web", Where.OUTSIDE, Kind.LOAD_BALANCER),
    )
    service = Service("web", ports=(UDP,), type=ServiceType.LOAD_BALANCER, app=None)
    proxied = replace(service, annotations=dict(ingress(IpMode.PROXY)))
    served = replace(service, annotations=dict(ingress(IpMode.VIP)))
    return (
        Step("a proxy's", {proxied: endpoints(pods[0])}, asks=AT_LOAD_BALANCERS, flows=flows),
        Step("the nodes'", {served: endpoints(pods[0])}, asks=AT_LOAD_BALANCERS, flows=flows),
    )
