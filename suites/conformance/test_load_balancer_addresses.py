"""LoadBalancer: the addresses that a load balancer gives a Service (API ServiceStatus.loadBalancer)."""

from dataclasses import replace

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, IpMode, Policy, Service, ServiceType, endpoints, ingress, terminating
from gauntlet.workload.catalogue import AT_LOAD_BALANCERS, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("load-balancer")]

SERVICE = Service("web", ports=(HTTP, UDP), type=ServiceType.LOAD_BALANCER, app=None)


@declared(source="API LoadBalancerStatus.ingress")
@pytest.mark.needs("asked-ingress")
def test_every_ingress_ip_leads_to_the_endpoints(pods: Pods) -> Steps:
    """From pods, nodes and outside, each of three ingress IPs is answered by each endpoint, over TCP and UDP."""
    return (Step("three", {_with(3): endpoints(pods[0], pods[1])}, asks=AT_LOAD_BALANCERS),)


@declared(source="API LoadBalancerStatus.ingress")
@pytest.mark.needs("asked-ingress")
def test_ingress_ips_come_and_go(pods: Pods) -> Steps:
    """A load balancer gives a Service a second address and takes it away again: it answers just as long."""
    there = endpoints(pods[0], pods[1])
    return (
        Step("one", {_with(1): there}, asks=AT_LOAD_BALANCERS),
        Step("two", {_with(2): there}, asks=AT_LOAD_BALANCERS),
        Step("one again", {_with(1): there}, asks=AT_LOAD_BALANCERS),
        Step("none", {_with(0): there}, asks=AT_LOAD_BALANCERS),
    )


@declared(
    source="API ServiceSpec.allocateLoadBalancerNodePorts; KEP-1864",
    upstream=("loadbalancer: LoadBalancer without NodePort",),
)
def test_without_node_ports(pods: Pods) -> Steps:
    """A LoadBalancer without NodePorts is answered at its ingress IPs, and no more at the NodePorts that it had."""
    there = endpoints(pods[0], pods[1])
    without = replace(SERVICE, allocate_node_ports=False)
    return (
        Step("with", {SERVICE: there}),
        Step("without", {without: there}),
        Step("with again", {SERVICE: there}),
    )


@declared(source="API ServiceSpec.loadBalancerClass; KEP-1959")
def test_of_a_class_that_nobody_serves(pods: Pods) -> Steps:
    """A LoadBalancer that waits for its address is served at its ClusterIP and its NodePorts meanwhile."""
    service = replace(SERVICE, load_balancer_class="gauntlet.dev/nobodys")
    return (Step("no address", {service: endpoints(pods[0], pods[1])}),)


@declared(
    source="API ServiceSpec.externalTrafficPolicy; docs 'Traffic policies'",
    upstream=(
        "loadbalancer: Local: all nodes with endpoints",
        "loadbalancer: Local: works from pods",
    ),
)
def test_policy_local_at_the_ingress_ip(pods: Pods) -> Steps:
    """With policy Local, the ingress IP leads clients outside to the endpoints of the node that they come to."""
    service = replace(SERVICE, external_traffic=Policy.LOCAL)
    return (
        Step("on each node", {service: endpoints(*pods.one_each)}),
        Step("on one node", {service: endpoints(pods[0])}),
    )


@declared(source="API ServiceSpec.externalTrafficPolicy")
def test_policies_change_at_the_ingress_ip(pods: Pods) -> Steps:
    """The external policy of a LoadBalancer changes from Cluster to Local and back: its ingress IP follows."""
    there = endpoints(*pods.on(pods[0].node))
    return (
        Step("Cluster", {SERVICE: there}, asks=AT_LOAD_BALANCERS),
        Step("Local", {replace(SERVICE, external_traffic=Policy.LOCAL): there}, asks=AT_LOAD_BALANCERS),
        Step("Cluster again", {SERVICE: there}, asks=AT_LOAD_BALANCERS),
    )


@declared(source="docs 'Services without selectors'; KEP-1669")
def test_endpoints_go_and_come_at_the_ingress_ip(pods: Pods) -> Steps:
    """At the ingress IP, clients are refused without endpoints, and led to terminating ones if nothing else is left."""
    return (
        Step("none", {SERVICE: endpoints()}, asks=AT_LOAD_BALANCERS),
        Step("one terminates", {SERVICE: endpoints(pods[0], terminating(pods[1]))}, asks=AT_LOAD_BALANCERS),
        Step("both do", {SERVICE: endpoints(terminating(pods[0]), terminating(pods[1]))}, asks=AT_LOAD_BALANCERS),
        Step("another", {SERVICE: endpoints(terminating(pods[0]), pods[1])}, asks=AT_LOAD_BALANCERS),
    )


def _with(addresses: int) -> Service:
    return replace(SERVICE, annotations=dict(ingress(*[IpMode.VIP] * addresses)))
