"""Traffic policies: which nodes' endpoints a client meets, inside and outside (KEP-2086; API ServiceSpec)."""

from dataclasses import replace

import pytest

from fixtures.declared import declared
from gauntlet.ground.history import Protocol
from gauntlet.workload import HTTP, UDP, Endpoint, Policy, Port, Service, ServiceType, endpoints, slices, unready
from gauntlet.workload.backend import HOST_HTTP_PORT, HOST_UDP_PORT
from gauntlet.workload.catalogue import AT_NODE_PORTS, Asks, Kind, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

AT_EXTERNAL_ADDRESSES = Asks(kinds=(Kind.LOAD_BALANCER, Kind.EXTERNAL_IP))
OF_THE_HOST = (Port(80, HOST_HTTP_PORT), Port(80, HOST_UDP_PORT, Protocol.UDP))


@declared(
    source="KEP-2086",
    upstream=(
        "service: internalTrafficPolicy=Local pod → pod",
        "service: internalTrafficPolicy=Local hostNetwork pod → pod",
    ),
)
def test_internal_policy_local_stays_on_the_node(pods: Pods) -> Steps:
    """Pods and nodes meet the endpoints of their own node, and are dropped where it has none."""
    service = Service("web", ports=(HTTP, UDP), app=None, internal_traffic=Policy.LOCAL)
    return (
        Step("two here, one there", {service: endpoints(pods[0], pods.beside(0), pods[1])}),
        Step("they move to the next node", {service: endpoints(pods[1], pods.beside(1))}),
    )


@declared(source="KEP-2086", upstream=("service: internalTrafficPolicy=Local pod and node → hostNetwork pod",))
@pytest.mark.needs("host-network")
def test_internal_policy_local_reaches_a_backend_of_the_host_network(pods: Pods) -> Steps:
    """A backend in its node's own network counts as an endpoint of that node."""
    service = Service("web", ports=OF_THE_HOST, app=None, internal_traffic=Policy.LOCAL)
    return (
        Step("on one node", {service: endpoints(pods.of_the_host[0])}),
        Step("on the next", {service: endpoints(pods.of_the_host[1])}),
    )


@declared(
    source="API ServiceSpec.externalTrafficPolicy; docs 'Traffic policies'",
    upstream=("service: externalTrafficPolicy=Local for NodePort",),
)
def test_external_policy_local_stays_on_the_node_that_was_asked(pods: Pods) -> Steps:
    """Clients outside meet the endpoints of the node that they ask and are dropped at others; those inside meet all."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    return (
        Step("two here, one there", {service: endpoints(pods[0], pods.beside(0), pods[1])}, asks=AT_NODE_PORTS),
        Step("one elsewhere", {service: endpoints(pods[1])}, asks=AT_NODE_PORTS),
    )


@declared(source="KEP-2086; API ServiceSpec.externalTrafficPolicy")
def test_both_policies_local(pods: Pods) -> Steps:
    """With both policies Local, ClusterIP and NodePort each keep to the node's own endpoints."""
    service = Service(
        "web", type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL, external_traffic=Policy.LOCAL
    )
    return (
        Step("on the first node", {service: endpoints(pods[0])}),
        Step("on the second node", {service: endpoints(pods[1], pods.beside(1))}),
    )


@declared(source="KEP-2086")
def test_internal_policy_local_leaves_node_ports_alone(pods: Pods) -> Steps:
    """With only the internal policy Local, NodePorts of every node lead to the endpoints of all nodes."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL)
    return (Step("two nodes have one", {service: endpoints(pods[0], pods[1])}),)


@declared(source="KEP-2086; API ServiceSpec.externalIPs, LoadBalancerStatus.ingress")
@pytest.mark.needs("load-balancer")
def test_internal_policy_local_leaves_external_addresses_alone(pods: Pods) -> Steps:
    """With only the internal policy Local, ingress and external IPs lead to the endpoints of all nodes."""
    service = Service(
        "web",
        ports=(HTTP, UDP),
        type=ServiceType.LOAD_BALANCER,
        app=None,
        internal_traffic=Policy.LOCAL,
        external_ips=("198.51.100.23", "2001:db8:100::23"),
    )
    return (Step("each node has one", {service: endpoints(*pods.one_each)}, asks=AT_EXTERNAL_ADDRESSES),)


@declared(source="API Endpoint.nodeName; KEP-2086; pkg/proxy/endpointslicecache.go: isLocal")
def test_an_endpoint_of_no_node_is_local_nowhere(pods: Pods) -> Steps:
    """With internalTrafficPolicy Local no node uses an endpoint whose slice names no node; with Cluster all do."""
    plain = Service("web", ports=(HTTP, UDP), app=None)
    local = replace(plain, internal_traffic=Policy.LOCAL)
    homeless = Endpoint(pods[1].addresses)
    return (
        Step("beside one of the first node", {local: endpoints(pods[0], homeless)}),
        Step("alone", {local: endpoints(homeless)}),
        Step("policy Cluster", {plain: endpoints(homeless)}),
    )


@declared(source="API ServiceSpec.externalTrafficPolicy")
def test_external_policy_local_leaves_the_cluster_ip_alone(pods: Pods) -> Steps:
    """With only the external policy Local, the ClusterIP leads to the endpoints of all nodes from every node."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    return (Step("two nodes have one", {service: endpoints(pods[0], pods[1])}),)


@declared(
    source="API ServiceSpec.externalTrafficPolicy",
    upstream=("service: NodePort and HealthCheckNodePort when externalTrafficPolicy changes",),
)
def test_external_policy_is_switched_live(pods: Pods) -> Steps:
    """A change of externalTrafficPolicy, there and back, changes who answers and which client address is seen."""
    anyone = Service("web", type=ServiceType.NODE_PORT, app=None)
    local = Service("web", type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    two = endpoints(pods[0], pods[1])
    return (
        Step("Cluster", {anyone: two}, asks=AT_NODE_PORTS),
        Step("Local", {local: two}, asks=AT_NODE_PORTS),
        Step("Cluster again", {anyone: two}, asks=AT_NODE_PORTS),
    )


@declared(source="KEP-2086")
def test_internal_policy_is_switched_live(pods: Pods) -> Steps:
    """A change of internalTrafficPolicy, there and back, changes which endpoints pods and nodes meet."""
    anyone = Service("web", ports=(HTTP, UDP), app=None)
    local = Service("web", ports=(HTTP, UDP), app=None, internal_traffic=Policy.LOCAL)
    two = endpoints(pods[0], pods[1])
    return (Step("Cluster", {anyone: two}), Step("Local", {local: two}), Step("Cluster again", {anyone: two}))


@declared(source="KEP-2086; docs 'Services without selectors'")
def test_policy_local_refuses_only_if_there_is_no_endpoint_at_all(pods: Pods) -> Steps:
    """Without any endpoint clients are refused, as with policy Cluster; with one on another node they are dropped."""
    service = Service(
        "web", type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL, external_traffic=Policy.LOCAL
    )
    return (
        Step("none at all", {service: endpoints()}),
        Step("one on the first node", {service: endpoints(pods[0])}),
        Step("it is not ready", {service: endpoints(unready(pods[0]))}),
    )


@declared(source="API EndpointConditions.ready; pkg/proxy/topology.go")
def test_an_unready_endpoint_of_the_node_does_not_count(pods: Pods) -> Steps:
    """With both policies Local, a node whose endpoint is unready drops its clients if another node has a ready one."""
    service = Service(
        "web", type=ServiceType.NODE_PORT, app=None, internal_traffic=Policy.LOCAL, external_traffic=Policy.LOCAL
    )
    return (
        Step("ready elsewhere", {service: endpoints(unready(pods[0]), pods[1])}),
        Step("ready here", {service: endpoints(pods[0], unready(pods[1]))}),
    )


@declared(source="API Endpoint.nodeName; pkg/proxy/endpoint.go")
def test_an_endpoint_without_a_node_is_local_to_nobody(pods: Pods) -> Steps:
    """An endpoint whose slice names no node, or one that does not exist, serves policy Cluster and no policy Local."""
    anyone = Service("web", app=None)
    local = Service("web", app=None, internal_traffic=Policy.LOCAL)
    placeless = endpoints(Endpoint(pods[0].addresses, ready=True), Endpoint(pods[1].addresses, "nowhere", ready=True))
    return (Step("Cluster", {anyone: placeless}), Step("Local", {local: placeless}))


@declared(source="KEP-2086; pkg/proxy/topology.go")
def test_each_port_has_local_endpoints_of_its_own(pods: Pods) -> Steps:
    """With internalTrafficPolicy Local, a node may have an endpoint for one port and none for another."""
    service = Service("web", ports=(HTTP, UDP), app=None, internal_traffic=Policy.LOCAL)
    return (
        Step(
            "TCP on the first node, UDP on the second",
            {service: (*slices("tcp", pods[0], ports=(HTTP,)), *slices("udp", pods[1], ports=(UDP,)))},
        ),
        Step(
            "the other way round",
            {service: (*slices("tcp", pods[1], ports=(HTTP,)), *slices("udp", pods[0], ports=(UDP,)))},
        ),
    )
