"""Kept flows: open connections, and datagrams of one port, while other Services come, change and are in effect."""

import pytest

from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.silence import attendance, span
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.checkers.undisturbed import undisturbed
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic import Load, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.traffic.under_way import under_way
from gauntlet.workload import HTTP, UDP, Backend, Clients, Port, Service, ServiceType
from gauntlet.workload.backend import UDP_PORT
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.shared import Shared
from gauntlet.workload.users import RATE_PER_S, kept_by

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

# Of the range of NodePorts, and of that part of it which the API server does not give out by itself.
NUMBER = 30_053


@pytest.mark.needs("endpoint-slices")
def test_changes_of_other_services_hurt_no_kept_flow(
    shared: Shared, workload: CaseWorkload, clients: Clients, traffic: Traffic, evidence: Evidence, judge: Judge
) -> None:
    """Another Service is made, loses an endpoint and gets it back: no open connection is cut, no UDP flow moves."""
    near, far = clients.nodes[0], clients.nodes[-1]
    loads = kept_by(shared.service, clients, near)
    with under_way(traffic, evidence, loads, shared.backends.nodes) as flows:
        neighbours = workload.run(Backend("neighbour-1", near.name), Backend("neighbour-2", far.name))
        other = workload.serve_endpoints(
            Service("neighbour", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None), neighbours.endpoints()
        )
        for endpoints in (neighbours.endpoints()[:1], neighbours.endpoints()):
            workload.replace_endpoints(other, endpoints)
            workload.wait(other, len(endpoints))
        seen = flows.stop(shared.backends.nodes)

    judge(undisturbed(seen, flows.declared, evidence.history(), shared.backends.names))


@pytest.mark.needs("endpoint-slices")
def test_a_node_port_of_the_number_of_a_port_hurts_no_kept_flow(
    workload: CaseWorkload, clients: Clients, traffic: Traffic, probe: Probe, evidence: Evidence, judge: Judge
) -> None:
    """A Service whose UDP port is another's NodePort by number keeps its flows while the other's endpoints change.

    What is forgotten for a NodePort goes by the number alone (kubernetes/kubernetes 49881).
    """
    near, far = clients.nodes[0], clients.nodes[-1]
    backends = workload.run(*(Backend(f"web-{number}", node.name) for number, node in enumerate((near, far, far))))
    ours = Service("number", ports=(Port(NUMBER, UDP_PORT, Protocol.UDP),), app=None)
    target = workload.serve_endpoints(ours, backends.endpoints()).cluster_ip(Protocol.UDP)
    loads = [(client, Load.kept(target, RATE_PER_S)) for client in clients.inside]
    with under_way(traffic, evidence, loads, backends.nodes) as flows:
        neighbours = workload.run(Backend("neighbour-1", near.name), Backend("neighbour-2", far.name))
        ports = (Port(80, UDP_PORT, Protocol.UDP, node_port=NUMBER),)
        neighbour = Service("neighbour", ports=ports, type=ServiceType.NODE_PORT, app=None)
        other = workload.serve_endpoints(neighbour, neighbours.endpoints()[:1])
        for endpoints in (neighbours.endpoints()[1:], (), neighbours.endpoints()):
            workload.replace_endpoints(other, endpoints)
            workload.wait(other, len(endpoints))
        # So that the backends are seen to serve after the last change.
        probe(clients.pods, target)
        seen = flows.stop(backends.nodes)

    judge(attendance(seen, flows.declared, *span(seen)))
    told = evidence.history()
    judge(correctness(seen, backends.names), udp_flows_lost(told), udp_flows_moved(told))
