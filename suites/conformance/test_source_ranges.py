"""Source ranges: who may ask at the addresses of a load balancer (API ServiceSpec.loadBalancerSourceRanges)."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from fixtures.declared import declared
from gauntlet.ground import nobody
from gauntlet.ground.family import first_of
from gauntlet.workload import (
    HTTP,
    UDP,
    Family,
    IpMode,
    Policy,
    RunningBackend,
    Service,
    ServiceType,
    endpoints,
    ingress,
)
from gauntlet.workload.catalogue import AT_LOAD_BALANCERS, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("load-balancer")]

SERVICE = Service("web", ports=(HTTP, UDP), type=ServiceType.LOAD_BALANCER, app=None)
EVERYBODY = ("0.0.0.0/0", "::/0")


@declared(
    source="API ServiceSpec.loadBalancerSourceRanges; kubernetes/kubernetes 122614",
    upstream=("loadbalancer: loadBalancerSourceRanges",),
)
def test_only_clients_of_the_ranges_are_let_in(pods: Pods) -> Steps:
    """Clients whose address is in a range are answered at the ingress IPs, over TCP and UDP; others are dropped."""
    there = endpoints(pods[0], pods[1])
    one_nodes, nodes = (replace(SERVICE, source_ranges=_around(each)) for each in (pods[0], pods.of_the_host[0]))
    return (
        Step("the pods of one node", {one_nodes: there}, asks=AT_LOAD_BALANCERS),
        Step("the nodes and whoever is in their network", {nodes: there}, asks=AT_LOAD_BALANCERS),
    )


@declared(source="API ServiceSpec.loadBalancerSourceRanges")
def test_ranges_hold_at_ingress_ips_alone(pods: Pods) -> Steps:
    """With ranges that nobody is in, all are dropped at the ingress IPs and answered at ClusterIP and NodePorts."""
    service = replace(SERVICE, source_ranges=nobody.SOURCES)
    return (Step("nobody", {service: endpoints(pods[0], pods[1])}),)


@declared(source="API ServiceSpec.loadBalancerSourceRanges", upstream=("loadbalancer: loadBalancerSourceRanges",))
def test_ranges_change_live(pods: Pods) -> Steps:
    """Ranges are set, widened and taken away again on a Service that is there: from then on they hold."""
    there = endpoints(pods[0], pods[1])
    one, two = _around(pods[0]), _around(pods[0], pods[1])
    return (
        Step("none", {SERVICE: there}, asks=AT_LOAD_BALANCERS),
        Step("nobody", {replace(SERVICE, source_ranges=nobody.SOURCES): there}, asks=AT_LOAD_BALANCERS),
        Step("one node's pods", {replace(SERVICE, source_ranges=one): there}, asks=AT_LOAD_BALANCERS),
        Step("two nodes'", {replace(SERVICE, source_ranges=two): there}, asks=AT_LOAD_BALANCERS),
        Step("none again", {SERVICE: there}, asks=AT_LOAD_BALANCERS),
    )


@declared(source="API ServiceSpec.loadBalancerSourceRanges; kubernetes/kubernetes 109826")
@pytest.mark.needs("asked-ingress")
def test_ranges_hold_at_every_ingress_ip(pods: Pods) -> Steps:
    """If a Service has several ingress IPs, its ranges hold at each of them, also at one that comes later."""
    service = replace(SERVICE, source_ranges=_around(pods[0]))
    one, three = (replace(service, annotations=ingress(*addresses)) for addresses in ([IpMode.VIP], [IpMode.VIP] * 3))
    there = endpoints(pods[0], pods[1])
    return (
        Step("one", {one: there}, asks=AT_LOAD_BALANCERS),
        Step("three", {three: there}, asks=AT_LOAD_BALANCERS),
    )


@declared(source="API ServiceSpec.loadBalancerSourceRanges, .externalTrafficPolicy")
def test_ranges_hold_with_policy_local(pods: Pods) -> Steps:
    """With externalTrafficPolicy Local, clients of the ranges are answered at the ingress IPs, and others dropped."""
    service = replace(SERVICE, external_traffic=Policy.LOCAL, source_ranges=_around(pods[0]))
    return (
        Step("everywhere", {service: endpoints(*pods.one_each)}, asks=AT_LOAD_BALANCERS),
        Step("on one node", {service: endpoints(pods[1])}, asks=AT_LOAD_BALANCERS),
    )


@declared(source="newBaseServiceInfo in pkg/proxy/serviceport.go; docs 'IPv4/IPv6 dual-stack'")
@pytest.mark.parametrize("family", list(Family))
def test_ranges_of_one_family_leave_the_other_alone(pods: Pods, family: Family) -> Steps:
    """With ranges of one family, that nobody is in, clients of that family are dropped and of the other answered."""
    ranges = (first_of(family, nobody.SOURCES),)
    return (
        Step("nobody", {replace(SERVICE, source_ranges=ranges): endpoints(pods[0], pods[1])}, asks=AT_LOAD_BALANCERS),
    )


@declared(source="API ServiceSpec.loadBalancerSourceRanges")
def test_ranges_of_everybody_shut_nobody_out(pods: Pods) -> Steps:
    """With 0.0.0.0/0 and ::/0 among the ranges everybody is answered, as without ranges."""
    service = replace(SERVICE, source_ranges=(*EVERYBODY, *nobody.SOURCES))
    return (Step("everybody", {service: endpoints(pods[0], pods[1])}, asks=AT_LOAD_BALANCERS),)


@declared(source="API ServiceSpec.loadBalancerSourceRanges: CIDRs, of any length")
def test_a_range_may_be_a_single_address(pods: Pods) -> Steps:
    """With ranges of single addresses just who has them is answered at the ingress IPs, and no neighbour of theirs."""
    there = endpoints(pods[0], pods[1])
    return (
        Step("a neighbour's", {replace(SERVICE, source_ranges=_alone(pods.beside(0))): there}, asks=AT_LOAD_BALANCERS),
        Step("one pod's", {replace(SERVICE, source_ranges=_alone(pods[0])): there}, asks=AT_LOAD_BALANCERS),
        Step("one node's", {replace(SERVICE, source_ranges=_alone(pods.of_the_host[0])): there}, AT_LOAD_BALANCERS),
    )


@declared(source="pkg/proxy/iptables/proxier.go, pkg/proxy/nftables/proxier.go: firewall and no-endpoint chains")
def test_ranges_without_endpoints(pods: Pods) -> Steps:
    """Without endpoints, nobody is answered at the ingress IPs, in the ranges or not; with one, just those in them."""
    service = replace(SERVICE, source_ranges=_around(pods[0]))
    return (
        Step("none", {service: endpoints()}, asks=AT_LOAD_BALANCERS),
        Step("one", {service: endpoints(pods[1])}, asks=AT_LOAD_BALANCERS),
    )


def _alone(pod: RunningBackend) -> tuple[str, ...]:
    """The addresses of a pod, each a range of its own."""
    return tuple(str(ip_network(address)) for address in pod.addresses)


def _around(*pods: RunningBackend) -> tuple[str, ...]:
    """The ranges that the addresses of these pods are of, with prefixes of 24 and 64 bits, which a node has."""
    return tuple(
        str(ip_network(f"{address}/{64 if ':' in address else 24}", strict=False))
        for pod in pods
        for address in pod.addresses
    )
