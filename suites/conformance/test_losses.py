"""Losses: of thousands of connections none is lost, and hundreds may be open at once."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.ground.family import family_of
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Frontend, Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic import Ask
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.held import held_by_and_by
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, IpFamilyPolicy, Service, ServiceType, endpoints
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("many-changes")]

# Of one family at one frontend. Chance leaves out what happens to one of 240 connections once in 10^7 times, and to one
# of 300 once in 600,000 times.
THOUSANDS = 4_000
# Many times what other cases have open, and less than a backend and a client may have.
HUNDREDS = 300
# At one place, over one protocol: what happens to one of 50 connections is left out by chance once in 5 * 10^8 times.
A_THOUSAND = 1_000
BOTH = IpFamilyPolicy.PREFER_DUAL_STACK
PROTOCOLS = (Protocol.TCP, Protocol.UDP)
EXTERNAL = ("198.51.100.24", "2001:db8:100::24")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_of_thousands_of_connections_none_is_lost(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge, protocol: Protocol
) -> None:
    """Of thousands of attempts at the ClusterIP, and as many at the NodePorts of all nodes, each is answered.

    In each IP family by itself.
    """
    served = workload.serve(Service("web", ports=(HTTP, UDP), type=ServiceType.NODE_PORT, ip_family_policy=BOTH))

    for family in served.families:
        node_ports = [served.node_port_at(node.address_in(family), protocol) for node in clients.nodes]
        for hosts, at in (
            (clients.pods, [served.cluster_ip(protocol, family=family)]),
            ([clients.outside], node_ports),
        ):
            attempts = THOUSANDS // (len(hosts) * len(at))
            seen = probe(hosts, *at, attempts=attempts, ask=Ask.HOSTNAME)
            judge(availability(seen), correctness(seen, backends.names))


@pytest.mark.needs("load-balancer")
def test_of_a_thousand_connections_at_ingress_and_external_ips_none_is_lost(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Of a thousand attempts at the ingress IP, and as many at the external IP, of each IP family each is answered.

    Over TCP and UDP; pods ask both, the host outside the ingress IP.
    """
    kind = ServiceType.LOAD_BALANCER
    service = Service("web", ports=(HTTP, UDP), type=kind, ip_family_policy=BOTH, external_ips=EXTERNAL)
    served = workload.serve(service)
    external = [each for each in EXTERNAL if family_of(each) in served.families]

    for hosts, addresses, frontend in (
        ((*clients.pods, clients.outside), served.ingress, Frontend.LOAD_BALANCER),
        (clients.pods, external, Frontend.EXTERNAL_IP),
    ):
        at = [served.at(address, protocol, frontend) for address in addresses for protocol in PROTOCOLS]
        seen = probe(hosts, *at, attempts=A_THOUSAND // len(hosts), ask=Ask.HOSTNAME)
        judge(availability(seen), correctness(seen, backends.names))


@pytest.mark.needs("endpoint-slices")
def test_hundreds_of_connections_are_open_at_once(
    workload: CaseWorkload, client_pods: Backends, clients: Clients, evidence: Evidence, judge: Judge
) -> None:
    """Hundreds of connections to one backend stay open together, at the ClusterIP and at the NodePort of one node."""
    backend, near = client_pods.all[0], clients.nodes[1]
    served = workload.serve_endpoints(Service("web", type=ServiceType.NODE_PORT, app=None), endpoints(backend))
    with (
        held_by_and_by(clients.pod_on(near.name), served.cluster_ip(), HUNDREDS) as inside,
        held_by_and_by(clients.outside, served.node_port(near), HUNDREDS) as outside,
    ):
        seen = evidence.add(pl.concat([inside, outside]))

    judge(availability(seen), correctness(seen, frozenset({backend.name})))
