"""The type of a Service changes, there and back: just what the type has is served (API ServiceSpec.type)."""

from dataclasses import replace

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Policy, Port, Service, ServiceType, endpoints
from gauntlet.workload.backend import HTTP_PORT, UDP_PORT
from gauntlet.workload.catalogue import Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

WEB = Service("web", ports=(HTTP, UDP), app=None)
NODE_PORT = replace(WEB, type=ServiceType.NODE_PORT)
BALANCED = replace(WEB, type=ServiceType.LOAD_BALANCER)
BY_NAME = replace(WEB, type=ServiceType.EXTERNAL_NAME, external_name="web.example")


@declared(
    source="API ServiceSpec.type; docs 'Publishing Services'",
    upstream=("service: update type to NodePort, same port for TCP and UDP",),
)
def test_cluster_ip_to_node_port_and_back(pods: Pods) -> Steps:
    """NodePorts answer over TCP and UDP once a Service has them and no more when it has not; the ClusterIP always."""
    return _there_and_back(pods, WEB, NODE_PORT)


@declared(source="API ServiceSpec.type", upstream=("service: change type ExternalName → ClusterIP",))
def test_external_name_to_cluster_ip_and_back(pods: Pods) -> Steps:
    """A Service of type ExternalName is not served; as a ClusterIP it is, and as an ExternalName no more."""
    return _there_and_back(pods, BY_NAME, WEB)


@declared(source="API ServiceSpec.type", upstream=("service: change type ClusterIP → ExternalName",))
def test_cluster_ip_to_external_name_and_back(pods: Pods) -> Steps:
    """A ClusterIP answers no more once its Service is an ExternalName; the one that it has later answers."""
    return _there_and_back(pods, WEB, BY_NAME)


@declared(source="API ServiceSpec.type", upstream=("service: change type ExternalName → NodePort",))
def test_external_name_to_node_port_and_back(pods: Pods) -> Steps:
    """A Service of type ExternalName gets ClusterIP and NodePorts that answer, and loses both again."""
    return _there_and_back(pods, BY_NAME, NODE_PORT)


@declared(source="API ServiceSpec.type", upstream=("service: change type NodePort → ExternalName",))
def test_node_port_to_external_name_and_back(pods: Pods) -> Steps:
    """ClusterIP and NodePorts answer no more once their Service is an ExternalName; those that it has later answer."""
    return _there_and_back(pods, NODE_PORT, BY_NAME)


@declared(source="API ServiceSpec.type; kubernetes/kubernetes 105986")
@pytest.mark.needs("endpoint-slices")
def test_an_external_name_with_a_selector_becomes_a_cluster_ip(pods: Pods) -> Steps:  # noqa: ARG001
    """An ExternalName that has a selector, which means nothing yet, is served by its pods once it is a ClusterIP."""
    selecting = Service("web", ports=(HTTP, UDP))
    by_name = replace(selecting, type=ServiceType.EXTERNAL_NAME, external_name="web.example")
    return (Step("ExternalName", {by_name: None}), Step("ClusterIP", {selecting: None}))


@declared(
    source="API ServiceSpec.type",
    upstream=(
        "loadbalancer: change type and ports of a TCP service",
        "loadbalancer: change type and ports of a UDP service",
    ),
)
@pytest.mark.needs("load-balancer")
def test_through_all_types_with_other_ports(pods: Pods) -> Steps:
    """Through all types, to other ports, and back: just what the Service has then answers, over TCP and UDP."""
    moved = (Port(81, HTTP_PORT), replace(UDP, number=81, target=UDP_PORT))
    there = endpoints(pods[0], pods[1])
    return (
        Step("ClusterIP", {WEB: there}),
        Step("NodePort", {NODE_PORT: there}),
        Step("LoadBalancer", {BALANCED: there}),
        Step("other ports", {replace(BALANCED, ports=moved): there}),
        Step("NodePort with other ports", {replace(NODE_PORT, ports=moved): there}),
        Step("ClusterIP with other ports", {replace(WEB, ports=moved): there}),
    )


@declared(source="API ServiceSpec.type")
@pytest.mark.needs("load-balancer")
def test_cluster_ip_to_load_balancer_and_back(pods: Pods) -> Steps:
    """Ingress IPs and NodePorts answer once a Service has them and no more when it has not; the ClusterIP always."""
    return _there_and_back(pods, WEB, BALANCED)


@declared(source="API ServiceSpec.type")
@pytest.mark.needs("load-balancer")
def test_load_balancer_to_external_name_and_back(pods: Pods) -> Steps:
    """A LoadBalancer that becomes an ExternalName answers nowhere, and as a LoadBalancer again everywhere."""
    return _there_and_back(pods, BALANCED, BY_NAME)


@declared(source="API ServiceSpec.type, .externalTrafficPolicy")
@pytest.mark.needs("load-balancer")
def test_policies_of_a_former_type_are_forgotten(pods: Pods) -> Steps:
    """A LoadBalancer with policy Local leads to the endpoints of all nodes once it is a ClusterIP, then a NodePort."""
    local = replace(BALANCED, external_traffic=Policy.LOCAL)
    there = endpoints(pods[1])
    return (
        Step("LoadBalancer, policy Local", {local: there}),
        Step("ClusterIP", {WEB: there}),
        Step("NodePort", {NODE_PORT: there}),
    )


def _there_and_back(pods: Pods, one: Service, other: Service) -> Steps:
    there = endpoints(pods[0], pods[1])
    return (
        Step(one.type, {one: there}),
        Step(other.type, {other: there}),
        Step(f"{one.type} again", {one: there}),
    )
