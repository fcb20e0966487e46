"""NodePorts at a node's own 127.0.0.1: served or not, as mode, version and configuration say (KEP-3866, KEP-6032)."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import HTTP, UDP, Policy, Service, ServiceType, endpoints
from gauntlet.workload.catalogue import AT_LOCALHOST, Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@declared(
    source="KEP-3866, 'NodePorts on localhost'; KEP-6032",
    upstream=("localhost_nodeports: localhost NodePort to backends on other nodes",),
)
def test_localhost_serves_node_ports_as_the_mode_does(pods: Pods) -> Steps:
    """A node's 127.0.0.1 leads to all backends in iptables mode, in nftables mode nowhere; its address does in both."""
    service = Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None)
    return (
        Step("on the first node", {service: endpoints(pods[0])}, asks=AT_LOCALHOST),
        Step("on each node", {service: endpoints(*pods.one_each)}, asks=AT_LOCALHOST),
    )


@declared(
    source="KEP-3866, 'NodePorts on localhost'; API ServiceSpec.sessionAffinity",
    upstream=("localhost_nodeports: … with session affinity",),
)
@pytest.mark.needs("localhost-node-port")
def test_localhost_keeps_the_backend_of_a_node(pods: Pods) -> Steps:
    """A node keeps its backend at the NodePort of its own 127.0.0.1 if the Service has session affinity."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None, affinity_timeout_s=10_800)
    return (Step("on each node", {service: endpoints(*pods.all)}, asks=AT_LOCALHOST),)


@declared(source="KEP-3866, 'NodePorts on localhost'; API ServiceSpec.externalTrafficPolicy")
@pytest.mark.needs("localhost-node-port")
def test_localhost_is_inside_for_policy_local(pods: Pods) -> Steps:
    """With policy Local, a node meets backends of all nodes at its own 127.0.0.1, as it does at its address."""
    service = Service("web", type=ServiceType.NODE_PORT, app=None, external_traffic=Policy.LOCAL)
    return (Step("on the first node", {service: endpoints(pods[0])}, asks=AT_LOCALHOST),)
