"""What stands beside Services is left alone: processes of the host, traffic that asks none. Firewalls are passed."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.source_ip import source_ip
from gauntlet.ground.history import Frontend, Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic import Target
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backend, Backends, Clients, Port, Service
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.paths import forwarding_nothing
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.conformance]

# Where nothing else listens on a node.
OF_THE_HOST, OF_THE_HOST_UDP = 18_090, 18_091


@pytest.mark.needs("host-network")
@pytest.mark.needs("endpoint-slices")
@pytest.mark.needs("many-changes")
def test_a_process_of_the_host_is_shadowed_by_its_own_port_alone(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A Service has a node's address as its external IP: a process there is shadowed on the Service's port alone.

    It is reachable for everybody as long as the Service has another port, and again when that has left the process's.
    """
    node = clients.nodes[0]
    workload.run(
        Backend("process", node.name, "process", http_port=OF_THE_HOST, udp_port=OF_THE_HOST_UDP, in_host_network=True)
    )
    process = Target("the node itself", Frontend.EXTERNAL_IP, node.address, OF_THE_HOST)
    service = Service("beside", ports=(Port(OF_THE_HOST + 2, HTTP_PORT),), external_ips=(node.address,))
    shadowing = Service("shadow", ports=(Port(OF_THE_HOST, HTTP_PORT),), external_ips=(node.address,))

    workload.serve(service)
    beside = probe(clients.everywhere, process)
    served = probe(clients.everywhere, Target("beside", Frontend.EXTERNAL_IP, node.address, OF_THE_HOST + 2))
    judge(availability(beside), correctness(beside, frozenset({node.name})))
    judge(availability(served), reaches_all(served, backends.names))

    workload.serve(shadowing)
    shadowed = probe(clients.everywhere, process)
    judge(availability(shadowed), correctness(shadowed, backends.names))

    workload.delete(shadowing)
    # kube-proxy hears of changes in their order: who obeys this one has let go of the other.
    workload.serve(Service("after"))
    again = probe(clients.everywhere, process)
    judge(availability(again), correctness(again, frozenset({node.name})))


@pytest.mark.gate
@pytest.mark.needs("source-ip")
@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_traffic_that_asks_no_service_is_left_alone(
    shared: Shared, clients: Clients, probe: Probe, judge: Judge, protocol: Protocol
) -> None:
    """Pods that ask a backend at its own address are answered by it alone, and are seen as themselves."""
    for backend in shared.backends.all:
        for client in clients.pods:
            seen = probe(client, backend.target(protocol), attempts=10)
            judge(availability(seen), correctness(seen, frozenset({backend.name})))
            judge(source_ip(seen, {client.address}))


@pytest.mark.gate
@pytest.mark.needs("node-faults")
@pytest.mark.needs("accepted-forwarding")
@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_a_node_that_forwards_nothing_by_itself_serves_its_node_ports(
    shared: Shared, clients: Clients, probe: Probe, judge: Judge, protocol: Protocol
) -> None:
    """A node whose firewall drops what is forwarded lets pass what kube-proxy has translated, there and back.

    Docker makes nodes of this kind (kubernetes/kubernetes 39823).
    """
    node = clients.nodes[0]
    with forwarding_nothing(node):
        seen = probe(clients.outside, shared.service.node_port(node, protocol))

    judge(availability(seen), reaches_all(seen, shared.backends.names))
