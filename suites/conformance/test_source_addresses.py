"""Source addresses: whom a backend sees, by frontend, policy, protocol and family (docs 'Using Source IP')."""

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import HTTP, UDP, Policy, Port, Service, ServiceType, endpoints
from gauntlet.workload.backend import HOST_HTTP_PORT, HOST_UDP_PORT
from gauntlet.workload.catalogue import AT_NODE_PORTS, Asks, Pods, Step, Steps, Where

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("source-ip")]

OF_THE_HOST = (Port(80, HOST_HTTP_PORT), Port(80, HOST_UDP_PORT, Protocol.UDP))


@declared(
    source="docs 'Using Source IP', type ClusterIP; kube-proxy config API, detectLocalMode",
    upstream=("service: preserve source pod IP thru service cluster IP",),
)
def test_pods_are_seen_as_themselves_at_a_cluster_ip(pods: Pods) -> Steps:
    """Backends on the same node and on another see the client pod, over TCP and UDP; of a node they see an address."""
    service = Service("web", ports=(HTTP, UDP), app=None)
    return (
        Step("on the first node", {service: endpoints(pods[0])}),
        Step("on the second", {service: endpoints(pods[1])}),
    )


@declared(source="docs 'Using Source IP', type NodePort")
def test_the_node_that_was_asked_is_seen_at_a_node_port(pods: Pods) -> Steps:
    """With policy Cluster, a backend sees the node that was asked, over TCP and UDP, whoever asked."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    return (Step("one backend", {service: endpoints(pods[0])}, asks=AT_NODE_PORTS),)


@declared(source="docs 'Using Source IP', externalTrafficPolicy Local")
def test_datagrams_keep_their_source_with_policy_local(pods: Pods) -> Steps:
    """With policy Local, backends on the node that was asked see the client outside, over UDP as well."""
    service = Service("web", ports=(UDP,), type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    return (Step("one on each node", {service: endpoints(*pods.one_each)}, asks=AT_NODE_PORTS),)


@declared(
    source="docs 'Using Source IP'; the endpoint chains of pkg/proxy/iptables; hairpin-connections in nftables",
    upstream=(
        "networking: endpoint-Service http",
        "networking: endpoint-Service udp",
        "dual_stack: endpoint-Service http",
        "dual_stack: endpoint-Service udp",
    ),
)
def test_a_backend_meets_itself_and_others_at_every_frontend(pods: Pods) -> Steps:
    """A backend that asks its own Service, at the ClusterIP or a NodePort, meets itself as well as the others."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    from_pods = Asks(places=(Where.POD,))
    return (
        Step("alone", {service: endpoints(pods[0])}, asks=from_pods),
        Step("one of two", {service: endpoints(pods[0], pods[1])}, asks=from_pods),
    )


@declared(
    source="docs 'Using Source IP'; kube-proxy config API, detectLocalMode",
    upstream=("networking: hostNetwork endpoints", "dual_stack: hostNetwork endpoints"),
)
@pytest.mark.needs("host-network")
def test_backends_of_the_host_network_are_served_and_see_pods(pods: Pods) -> Steps:
    """Backends outside the pod ranges, in their nodes' own network, answer at the ClusterIP and see the client pod."""
    service = Service("web", ports=OF_THE_HOST, app=None)
    return (
        Step("one", {service: endpoints(pods.of_the_host[0])}),
        Step("two", {service: endpoints(pods.of_the_host[0], pods.of_the_host[1])}),
    )


@declared(source="docs 'Services', type NodePort", upstream=("networking: hostNetwork endpoints",))
@pytest.mark.needs("host-network")
def test_node_ports_lead_to_the_host_network(pods: Pods) -> Steps:
    """A NodePort leads to a backend in the host's network, also on the node that was asked itself."""
    service = Service("web", ports=OF_THE_HOST, type=ServiceType.NODE_PORT, app=None)
    return (
        Step("on the first node", {service: endpoints(pods.of_the_host[0])}, asks=AT_NODE_PORTS),
        Step("on the second", {service: endpoints(pods.of_the_host[1])}, asks=AT_NODE_PORTS),
    )
