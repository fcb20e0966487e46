"""SCTP: new associations through Services, at every frontend, beside TCP and UDP of the same number.

No kernel need have SCTP: clients and servers speak it over raw sockets (gauntlet/traffic/sctp.py).
"""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from fixtures.declared import declared
from gauntlet.workload import (
    HTTP,
    SCTP,
    UDP,
    Policy,
    Port,
    RunningBackend,
    Service,
    ServiceType,
    Slice,
    endpoints,
    slices,
)
from gauntlet.workload.catalogue import AT_NODE_PORTS, Asks, Kind, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("sctp")]

# One NodePort for all protocols, of this case alone (docs 'Services', "Avoid NodePort collisions").
OF_THREE = 30016
AT_EXTERNAL_ADDRESSES = Asks(kinds=(Kind.LOAD_BALANCER, Kind.EXTERNAL_IP))


@declared(
    source="API ServicePort.protocol; docs 'Protocols for Services': SCTP",
    upstream=("networking: pod-Service sctp", "networking: endpoint-Service sctp", "dual_stack: pod-Service sctp"),
)
def test_sctp_at_a_cluster_ip(pods: Pods) -> Steps:
    """Pods, endpoints among them, and nodes meet each endpoint at a ClusterIP by SCTP, and none that has gone."""
    service = Service("web", ports=(SCTP,), app=None)
    return (
        Step("one on each node", {service: endpoints(*pods.one_each)}),
        Step("the first goes", {service: endpoints(*pods.one_each[1:])}),
        Step("only the first", {service: endpoints(pods[0])}),
    )


@declared(source="API ServicePort.protocol, .nodePort; docs 'Protocols for Services': SCTP")
def test_sctp_at_a_node_port(pods: Pods) -> Steps:
    """Clients outside, pods and nodes meet each endpoint at every node's NodePort by SCTP, and none that has gone."""
    service = Service("web", ports=(SCTP,), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("one on each node", {service: endpoints(*pods.one_each)}, asks=AT_NODE_PORTS),
        Step("the first goes", {service: endpoints(*pods.one_each[1:])}, asks=AT_NODE_PORTS),
    )


@declared(source="docs 'Services without selectors'; REJECT in pkg/proxy/iptables, reject in nftables")
def test_sctp_without_endpoints_is_refused(pods: Pods) -> Steps:
    """An association with a Service without endpoints is refused by ICMP, at ClusterIP and NodePort, and no longer."""
    service = Service("web", ports=(SCTP,), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("none", {service: endpoints()}),
        Step("one", {service: endpoints(pods[0])}),
        Step("none again", {service: endpoints()}),
    )


@declared(source="API ServicePort.protocol, LoadBalancerStatus.ingress, ServiceSpec.externalIPs")
@pytest.mark.needs("load-balancer")
def test_sctp_at_external_addresses(pods: Pods) -> Steps:
    """At the ingress IPs of a load balancer and at external IPs of both families, SCTP leads to the endpoints."""
    external_ips = ("198.51.100.18", "2001:db8:100::18")
    service = Service("web", ports=(SCTP,), type=ServiceType.LOAD_BALANCER, app=None, external_ips=external_ips)
    return (
        Step("two", {service: endpoints(*pods.one_each[:2])}, asks=AT_EXTERNAL_ADDRESSES),
        Step("one", {service: endpoints(pods[0])}, asks=AT_EXTERNAL_ADDRESSES),
    )


@declared(source="API ServiceSpec.loadBalancerSourceRanges, ServicePort.protocol")
@pytest.mark.needs("load-balancer")
def test_sctp_obeys_source_ranges(pods: Pods) -> Steps:
    """At ingress IPs, associations of clients in the source ranges are answered, and those of others dropped."""
    service = Service("web", ports=(SCTP,), type=ServiceType.LOAD_BALANCER, app=None)
    own = tuple(str(ip_network(address)) for address in pods[0].addresses)
    there = endpoints(*pods.one_each[:2])
    return (
        Step("one pod's address", {replace(service, source_ranges=own): there}, asks=AT_EXTERNAL_ADDRESSES),
        Step("none", {service: there}, asks=AT_EXTERNAL_ADDRESSES),
    )


@declared(source="KEP-2086; API ServiceSpec.externalTrafficPolicy")
def test_sctp_with_both_policies_local(pods: Pods) -> Steps:
    """With both policies Local, SCTP keeps to the endpoints of the node, which see the client's own address."""
    service = Service("web", ports=(SCTP,), type=ServiceType.NODE_PORT, app=None)
    local = replace(service, internal_traffic=Policy.LOCAL, external_traffic=Policy.LOCAL)
    return (
        Step("on the first node", {local: endpoints(pods[0])}),
        Step("on the second node", {local: endpoints(pods[1])}),
        Step("policy Cluster", {service: endpoints(pods[1])}),
    )


@declared(source="API ServiceSpec.ports; docs 'Protocols for Services': SCTP")
def test_sctp_tcp_and_udp_of_one_number_are_three_ports(pods: Pods) -> Steps:
    """SCTP, TCP and UDP of one number, also as a NodePort, lead to different pods; SCTP comes and goes by itself."""
    sctp, tcp, udp = (replace(each, node_port=OF_THREE) for each in (SCTP, HTTP, UDP))

    def web(*ports: Port) -> Service:
        return Service("web", ports=ports, type=ServiceType.NODE_PORT, app=None)

    def led(of: Port, to: RunningBackend) -> tuple[Slice, ...]:
        return slices(of.protocol, to, ports=(of,))

    rest = (*led(tcp, pods[1]), *led(udp, pods.beside(0)))
    return (
        Step("all three", {web(sctp, tcp, udp): (*led(sctp, pods[0]), *rest)}),
        Step("SCTP moves to TCP's pod", {web(sctp, tcp, udp): (*led(sctp, pods[1]), *rest)}),
        Step("without SCTP", {web(tcp, udp): rest}),
        Step("SCTP alone", {web(sctp): led(sctp, pods[0])}),
    )
