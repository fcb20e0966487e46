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
from gauntlet.workload import HTTP, UDP, Backend, Clients, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

RATE_PER_S = 10.0


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
