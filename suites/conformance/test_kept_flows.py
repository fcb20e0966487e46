"""Kept flows: open connections, and datagrams of one port, while Services come, change and go, or nothing is said."""

from dataclasses import replace

import pytest

from gauntlet.checkers.affinity_broken import affinity_broken
from gauntlet.checkers.availability import availability
from gauntlet.checkers.connections_cut import connections_cut
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.silence import attendance, span
from gauntlet.checkers.udp_flows import udp_flows_lost, udp_flows_moved
from gauntlet.checkers.undisturbed import undisturbed
from gauntlet.ground.finding import Finding
from gauntlet.ground.frames import pl
from gauntlet.ground.history import History, Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic import Load, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.traffic.under_way import under_way
from gauntlet.workload import HTTP, UDP, Backend, Backends, Clients, Port, Service, ServiceType
from gauntlet.workload.backend import UDP_PORT
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.served import Served
from gauntlet.workload.service import STICKY, IpFamilyPolicy
from gauntlet.workload.shared import Shared
from gauntlet.workload.users import ANEW_PER_S, RATE_PER_S, asking_anew, kept_by

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

# Of the range of NodePorts, and of that part of it which the API server does not give out by itself.
NUMBER = 30_053
# conntrack keeps a UDP flow for 30 s at least (nf_conntrack_udp_timeout).
IDLE_S = 20
# Of each flow at each state of its Service.
ATTEMPTS = 5


@pytest.mark.needs("endpoint-slices")
def test_changes_of_other_services_hurt_no_kept_flow(
    shared: Shared, workload: CaseWorkload, clients: Clients, traffic: Traffic, evidence: Evidence, judge: Judge
) -> None:
    """Another Service is made, loses an endpoint, gets it back and goes: no connection is cut, no UDP flow moves."""
    near, far = clients.nodes[0], clients.nodes[-1]
    loads = kept_by(shared.service, clients, near)
    with under_way(traffic, evidence, loads, shared.backends.nodes) as flows:
        neighbours = workload.run(Backend("neighbour-1", near.name), Backend("neighbour-2", far.name))
        _come_change_and_go(workload, neighbours)
        seen = flows.stop(shared.backends.nodes)

    judge(undisturbed(seen, flows.declared, evidence.history(), shared.backends.names))


@pytest.mark.needs("endpoint-slices")
@pytest.mark.needs("many-changes")
def test_changes_of_other_services_cost_nobody_an_attempt(
    workload: CaseWorkload, backends: Backends, clients: Clients, traffic: Traffic, evidence: Evidence, judge: Judge
) -> None:
    """Other Services come, change and go: no new connection is lost, in any family, and no client forgotten."""
    near, far = clients.nodes[0], clients.nodes[-1]
    plain = Service(
        "asked", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK
    )
    asked, sticky = workload.serve_all([plain, STICKY])
    neighbours = workload.run(
        Backend("neighbour-1", near.name, app="neighbour"), Backend("neighbour-2", far.name, app="neighbour")
    )
    remembered = [(pod, Load(sticky.cluster_ip(), rate_per_s=ANEW_PER_S)) for pod in clients.pods]
    loads = (*asking_anew(asked, clients, near), *remembered)
    with under_way(traffic, evidence, loads, backends.nodes) as flows:
        _come_change_and_go(workload, neighbours)
        seen = flows.stop(backends.nodes)

    judge(attendance(seen, flows.declared, *span(seen)))
    judge(availability(seen), correctness(seen, backends.names))
    judge(_affinity_broken(evidence.history(), sticky))


@pytest.mark.needs("endpoint-slices")
def test_an_endpoint_that_comes_and_goes_moves_nobody(
    workload: CaseWorkload, clients: Clients, traffic: Traffic, probe: Probe, evidence: Evidence, judge: Judge
) -> None:
    """Services get one more endpoint and lose it again: kept flows stay, and clients that are remembered come back."""
    backends = workload.run(*(Backend(f"web-{number}", node.name) for number, node in enumerate(clients.nodes[:3])))
    few = backends.endpoints()[:-1]
    plain = Service("growing", ports=(HTTP, UDP), app=None)
    service, sticky = workload.serve_all_endpoints({plain: few, replace(STICKY, app=None): few})
    protocols = (Protocol.TCP, Protocol.UDP)
    kept = [
        (client, Load.kept(service.cluster_ip(protocol), RATE_PER_S))
        for client in clients.inside
        for protocol in protocols
    ]
    visits = [(client, Load(sticky.cluster_ip(), rate_per_s=ANEW_PER_S)) for client in clients.inside]
    with under_way(traffic, evidence, (*kept, *visits), backends.nodes) as flows:
        # So that each has chosen among these few.
        flows.await_attempts(ATTEMPTS)
        for endpoints in (backends.endpoints(), few):
            # kube-proxy hears of them in this order: who obeys the second has written the first.
            workload.replace_endpoints(sticky, endpoints)
            workload.replace_endpoints(service, endpoints)
            workload.wait(service, len(endpoints))
            flows.await_attempts(ATTEMPTS)
        # So that the backends are seen to serve after the last change.
        probe(clients.pods, *map(service.cluster_ip, protocols))
        seen = flows.stop(backends.nodes)

    told = evidence.history()
    judge(undisturbed(seen, flows.declared, told, backends.names), _affinity_broken(told, sticky))


# A kube-proxy that carries datagrams itself forgets who sent them within a quarter of a second (udpIdleTimeout).
@pytest.mark.needs("serves-on")
def test_idle_connections_and_flows_stay_where_they_are(
    shared: Shared, clients: Clients, traffic: Traffic, probe: Probe, evidence: Evidence, judge: Judge
) -> None:
    """Open connections, and UDP sockets, that were silent for IDLE_S are answered by the same backend afterwards."""
    service = shared.service
    targets = [
        (client, target)
        for protocol in (Protocol.TCP, Protocol.UDP)
        for client, target in (
            *((client, service.cluster_ip(protocol)) for client in clients.inside),
            *((clients.outside, service.node_port(node, protocol)) for node in clients.nodes),
        )
    ]
    loads = [(client, Load.kept(target, 1 / IDLE_S)) for client, target in targets]
    with under_way(traffic, evidence, loads, shared.backends.nodes) as flows:
        flows.await_attempts(2)
        # So that the backends are seen to serve afterwards.
        probe(clients.pods, *(service.cluster_ip(protocol) for protocol in (Protocol.TCP, Protocol.UDP)))
        seen = flows.stop(shared.backends.nodes)

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


def _come_change_and_go(workload: CaseWorkload, neighbours: Backends) -> None:
    """A Service comes, loses an endpoint, gets it back and goes, and then another one comes; each of both families."""
    ports, both = (HTTP, UDP), IpFamilyPolicy.PREFER_DUAL_STACK
    neighbour = Service("neighbour", ports=ports, type=ServiceType.NODE_PORT, app=None, ip_family_policy=both)
    other = workload.serve_endpoints(neighbour, neighbours.endpoints())
    for endpoints in (neighbours.endpoints()[:1], neighbours.endpoints()):
        workload.replace_endpoints(other, endpoints)
        workload.wait(other, len(endpoints))
    workload.delete_with_endpoints(neighbour)
    # Once that is obeyed, so was the deletion.
    workload.serve_endpoints(Service("next", ports=ports, app=None, ip_family_policy=both), neighbours.endpoints())


def _affinity_broken(told: History, sticky: Served) -> Finding:
    visits = History(told.attempts.filter(pl.col("service") == sticky.name), told.events)
    return affinity_broken(visits, timeout_s=float(sticky.declared.affinity_timeout_s or 0))
