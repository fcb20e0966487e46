"""Origins: what a client is answered, and whom backends see, is the same whichever address it has."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.source_ip import source_ip
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.kube.api import Api
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Clients, IpFamilyPolicy, Policy, Service, ServiceType, addresses, endpoints
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.origins import further
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("further-addresses")]

BOTH = IpFamilyPolicy.PREFER_DUAL_STACK
PORTS = (HTTP, UDP)
ANYONE = Service("anyone", PORTS, ServiceType.NODE_PORT, app=None, ip_family_policy=BOTH)
LOCAL = Service("local", PORTS, ServiceType.NODE_PORT, app=None, ip_family_policy=BOTH, external_traffic=Policy.LOCAL)
TCP, UDP_ = Protocol.TCP, Protocol.UDP
ATTEMPTS = 2


@pytest.mark.needs("source-ip")
@pytest.mark.needs("local-traffic-policy")
@pytest.mark.needs("many-changes")
def test_whichever_address_a_client_has_it_is_answered_and_seen_alike(
    workload: CaseWorkload, shared: Shared, clients: Clients, api: Api, probe: Probe, judge: Judge
) -> None:
    """Pods ask a ClusterIP, the host outside NodePorts, each from eight more addresses all over its range.

    In each IP family: pods are seen as themselves, the host outside as the node, and with policy Local as itself.
    """
    there = endpoints(*shared.backends.all)
    anyone, local = workload.serve_all_endpoints({ANYONE: there, LOCAL: there})
    inside = [anyone.cluster_ip(each, family=family) for family in anyone.families for each in (TCP, UDP_)]
    outside = [
        served.node_port_at(node.address_in(family), protocol)
        for node in clients.nodes
        for family in anyone.families
        for served, protocol in ((anyone, TCP), (local, UDP_))
    ]

    parts = []
    with further(api, clients, inside, outside) as origins:
        for number in origins.rounds:
            origins.ask_from(number)
            parts += [
                probe(clients.pods, *inside, attempts=ATTEMPTS),
                probe(clients.outside, *outside, attempts=ATTEMPTS),
            ]
    seen = pl.concat(parts)

    judge(availability(seen), correctness(seen, shared.backends.names))
    for pod in origins.pods:
        judge(source_ip(seen.filter(pl.col("client") == pod.host.name), pod.every))
    for node in clients.nodes:
        here = seen.filter(pl.col("address").is_in(node.addresses))
        judge(source_ip(here.filter(pl.col("service") == anyone.name), addresses.of(node)))
        kept = here.filter(pl.col("service") == local.name)
        judge(correctness(kept, shared.backends.on(node.name).names), source_ip(kept, origins.outside.every))
