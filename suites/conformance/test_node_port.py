"""NodePort: a port that every node opens for a Service."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backend, Backends, Clients, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

ATTEMPTS_A_NODE = 20
# Of clients on the nodes, who come last: for ten seconds a node in ipvs mode takes answers to another's masqueraded
# connections for answers to these, where their ports are the same (docs/ipvs.md). More attempts would meet it.
ATTEMPTS_FROM_NODES = 3


@pytest.mark.smoke
@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_node_port_answers_on_every_node(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge, protocol: Protocol
) -> None:
    """From inside and outside, the NodePort of every node is answered, and each backend answers some."""
    service = workload.serve(Service("echo", ports=(HTTP, UDP), type=ServiceType.NODE_PORT))

    every_node = [service.node_port(node, protocol) for node in clients.nodes]
    seen = pl.concat(
        [
            probe((*clients.pods, clients.outside), *every_node, attempts=ATTEMPTS_A_NODE),
            probe(clients.nodes, *every_node, attempts=ATTEMPTS_FROM_NODES),
        ]
    )

    judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))


def test_node_port_answers_on_a_node_without_a_backend(
    workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """With one backend only, the NodePorts of the nodes that do not have it are answered as well."""
    only = workload.run(Backend("only", clients.nodes[0].name))
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    elsewhere = [service.node_port(node) for node in clients.nodes[1:]]
    seen = probe(clients.everywhere, *elsewhere, attempts=ATTEMPTS_A_NODE)

    judge(availability(seen), correctness(seen, only.names))


@pytest.mark.needs("localhost-node-port")
def test_node_port_answers_on_localhost(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """On every node, its own 127.0.0.1 serves the NodePort (KEP-3866 lists it as a feature of iptables mode)."""
    service = workload.serve(Service("echo", type=ServiceType.NODE_PORT))

    seen = probe(clients.nodes, service.node_port_at("127.0.0.1"))

    judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))
