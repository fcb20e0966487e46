"""Source IP: the client address that a backend sees."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.source_ip import source_ip
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Policy, Service, ServiceType, addresses
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.paths import routed
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@pytest.mark.needs("source-ip")
def test_pod_keeps_its_address_at_a_cluster_ip(shared: Shared, clients: Clients, probe: Probe, judge: Judge) -> None:
    """Backends on every node see the address of the pod that came by the ClusterIP."""
    for pod in clients.pods:
        seen = probe(pod, shared.service.cluster_ip())
        judge(availability(seen), correctness(seen, shared.backends.names), source_ip(seen, {pod.address}))


def test_outside_client_is_masqueraded_at_a_node_port(
    shared: Shared, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """With externalTrafficPolicy Cluster, backends see an address of the node that was asked."""
    for node in clients.nodes:
        seen = probe(clients.outside, shared.service.node_port(node))
        judge(availability(seen), correctness(seen, shared.backends.names), source_ip(seen, addresses.of(node)))


@pytest.mark.needs("routes-outside")
def test_outside_client_is_masqueraded_at_a_cluster_ip(
    shared: Shared, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Outside, who has a route to the ClusterIP by a node is answered, and backends see an address of the node."""
    at = shared.service.cluster_ip()
    for node in clients.nodes:
        with routed(clients.outside, at.address, node):
            seen = probe(clients.outside, at)
        judge(availability(seen), correctness(seen, shared.backends.names), source_ip(seen, addresses.of(node)))


@pytest.mark.needs("local-traffic-policy")
@pytest.mark.needs("load-balancer")
@pytest.mark.needs("outside-source-ip")
def test_outside_client_keeps_its_address_with_policy_local(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """With externalTrafficPolicy Local, only backends of the node that was asked answer, and see the client."""
    local = Policy.LOCAL
    service = workload.serve(Service("echo", type=ServiceType.LOAD_BALANCER, external_traffic=local))

    for node in clients.nodes:
        seen = probe(clients.outside, service.node_port(node))
        on_this_node = backends.on(node.name).names
        judge(availability(seen), correctness(seen, on_this_node), source_ip(seen, {clients.outside.address}))

    seen = probe(clients.outside, service.load_balancer())
    judge(availability(seen), correctness(seen, backends.names), source_ip(seen, {clients.outside.address}))
