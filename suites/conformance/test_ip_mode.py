"""ipMode of a load balancer's address: nodes serve a VIP themselves, and leave a Proxy's alone (KEP-1860).

Nothing proxies in the sandbox: who asks such an address there is answered by nobody, unless a node captures it.
"""

from dataclasses import replace

import pytest

from fixtures.declared import declared
from gauntlet.ground import nobody
from gauntlet.workload import HTTP, UDP, IpMode, Policy, Service, ServiceType, endpoints, ingress
from gauntlet.workload.catalogue import AT_LOAD_BALANCERS, Pods, Step, Steps

pytestmark = [
    pytest.mark.gate,
    pytest.mark.conformance,
    pytest.mark.needs("load-balancer"),
    pytest.mark.needs("asked-ingress"),
]

VIP, PROXY = IpMode.VIP, IpMode.PROXY


@declared(source="KEP-1860; API LoadBalancerIngress.ipMode")
def test_nodes_leave_the_address_of_a_proxy_alone(pods: Pods) -> Steps:
    """No node answers for an ingress IP of ipMode Proxy; the Service's ClusterIP and NodePorts are served."""
    return (Step("a proxy", {_service(PROXY): endpoints(pods[0], pods[1])}),)


@declared(source="KEP-1860; API LoadBalancerIngress.ipMode")
def test_each_address_has_a_mode_of_its_own(pods: Pods) -> Steps:
    """Of two ingress IPs of one Service, that of ipMode VIP is served by the nodes, and that of a Proxy is not."""
    return (Step("one of each", {_service(VIP, PROXY): endpoints(pods[0], pods[1])}, asks=AT_LOAD_BALANCERS),)


@declared(source="KEP-1860; API LoadBalancerIngress.ipMode")
def test_the_mode_of_an_address_changes_live(pods: Pods) -> Steps:
    """An ingress IP turns from VIP to Proxy and back: nodes serve it just as long as it is a VIP."""
    there = endpoints(pods[0], pods[1])
    return (
        Step("VIP", {_service(VIP): there}, asks=AT_LOAD_BALANCERS),
        Step("Proxy", {_service(PROXY): there}, asks=AT_LOAD_BALANCERS),
        Step("VIP again", {_service(VIP): there}, asks=AT_LOAD_BALANCERS),
    )


@declared(source="KEP-1860; API ServiceSpec.externalTrafficPolicy")
def test_a_proxy_with_policy_local(pods: Pods) -> Steps:
    """With externalTrafficPolicy Local, too, the address of a Proxy is left alone, and the NodePorts are served."""
    service = replace(_service(PROXY), external_traffic=Policy.LOCAL)
    return (Step("on one node", {service: endpoints(pods[0])}),)


@declared(source="KEP-1860; API ServiceSpec.loadBalancerSourceRanges")
def test_ranges_do_not_shut_out_a_proxys_node_ports(pods: Pods) -> Steps:
    """With an address of ipMode Proxy, source ranges are the load balancer's: the NodePorts are open to everybody."""
    service = replace(_service(PROXY), source_ranges=nobody.SOURCES)
    return (Step("ranges of nobody", {service: endpoints(pods[0], pods[1])}),)


def _service(*modes: IpMode) -> Service:
    return Service(
        "web", ports=(HTTP, UDP), type=ServiceType.LOAD_BALANCER, app=None, annotations=dict(ingress(*modes))
    )
