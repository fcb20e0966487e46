"""Kept flows: open connections, and datagrams of one port, while other Services come, change and are in effect."""

from contextlib import ExitStack

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.silence import attendance, span
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic import Flow, Load, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backend, Clients, Port, Service, ServiceType
from gauntlet.workload.backend import UDP_PORT
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

RATE_PER_S = 10.0
# Of the range of NodePorts, and of that part of it which the API server does not give out by itself.
NUMBER = 30_053


@pytest.mark.needs("endpoint-slices")
def test_changes_of_other_services_hurt_no_kept_flow(
    shared: Shared, workload: CaseWorkload, clients: Clients, traffic: Traffic, evidence: Evidence, judge: Judge
) -> None:
    """Another Service is made, loses an endpoint and gets it back: no open connection is cut, no UDP flow moves."""
    near, far = clients.nodes[0], clients.nodes[-1]
    asked = [
        (client, target)
        for protocol in (Protocol.TCP, Protocol.UDP)
        for client, target in (
            *((pod, shared.service.cluster_ip(protocol)) for pod in clients.pods),
            (clients.outside, shared.service.node_port(near, protocol)),
        )
    ]
    with ExitStack() as stack:
        flows: list[Flow] = []
        stack.enter_context(evidence.unfinished(flows, shared.backends.nodes))
        for client, target in asked:
            load = Load.kept(target, RATE_PER_S)
            flows.append(stack.enter_context(traffic.start(client, load)))
        neighbours = workload.run(Backend("neighbour-1", near.name), Backend("neighbour-2", far.name))
        other = workload.serve_endpoints(
            Service("neighbour", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, app=None), neighbours.endpoints()
        )
        for endpoints in (neighbours.endpoints()[:1], neighbours.endpoints()):
            workload.replace_endpoints(other, endpoints)
            workload.wait(other, len(endpoints))
        seen = evidence.add(pl.concat(flow.stop(shared.backends.nodes) for flow in flows))

    judge(attendance(seen, [flow.declared for flow in flows], *span(seen)))
    told = evidence.history()
    judge(availability(seen), correctness(seen, shared.backends.names))
    judge(connections_cut(told), udp_flows_lost(told), udp_flows_moved(told))


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
    with ExitStack() as stack:
        flows: list[Flow] = []
        stack.enter_context(evidence.unfinished(flows, backends.nodes))
        for client in (*clients.pods, *clients.nodes):
            flows.append(stack.enter_context(traffic.start(client, Load.kept(target, RATE_PER_S))))
        neighbours = workload.run(Backend("neighbour-1", near.name), Backend("neighbour-2", far.name))
        ports = (Port(80, UDP_PORT, Protocol.UDP, node_port=NUMBER),)
        neighbour = Service("neighbour", ports=ports, type=ServiceType.NODE_PORT, app=None)
        other = workload.serve_endpoints(neighbour, neighbours.endpoints()[:1])
        for endpoints in (neighbours.endpoints()[1:], (), neighbours.endpoints()):
            workload.replace_endpoints(other, endpoints)
            workload.wait(other, len(endpoints))
        # So that the backends are seen to serve after the last change.
        probe(clients.pods, target)
        seen = evidence.add(pl.concat(flow.stop(backends.nodes) for flow in flows))

    judge(attendance(seen, [flow.declared for flow in flows], *span(seen)))
    told = evidence.history()
    judge(correctness(seen, backends.names), udp_flows_lost(told), udp_flows_moved(told))
