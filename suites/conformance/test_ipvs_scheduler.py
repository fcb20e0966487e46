"""ipvs schedulers: each does what it promises (ipvsadm(8), option --scheduler)."""

import pytest

from gauntlet.checkers.affinity import BY_DESTINATION, affinity
from gauntlet.checkers.availability import availability
from gauntlet.checkers.open_connections import open_connections
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.same_choice import same_choice
from gauntlet.checkers.turns import turns
from gauntlet.report.judge import Judge
from gauntlet.traffic import Held
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.ipvs_nodes import Ipvs
from gauntlet.workload.shared import Shared

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.disruptive,
    pytest.mark.needs("ipvs-schedulers"),
    pytest.mark.needs("proxy-configuration"),
]

HEAVY, LIGHT, OTHER = "backend-1", "backend-2", "backend-3"
FIRST_PORT = 42000


@pytest.mark.gate
def test_backends_take_turns(shared: Shared, clients: Clients, probe: Probe, ipvs_of_nodes: Ipvs, judge: Judge) -> None:
    """`rr`, which is kube-proxy's own choice: one connection after the other, backends alternate exactly."""
    target, client = shared.service.cluster_ip(), clients.pods[0]

    judge(ipvs_of_nodes.keep_default(client, target))
    seen = probe(client, target, attempts=60, users=1)

    judge(availability(seen), turns(seen, dict.fromkeys(shared.backends.names, 1)))


def test_backends_take_turns_by_weight(
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    probe: Probe,
    ipvs_of_nodes: Ipvs,
    judge: Judge,
) -> None:
    """`wrr`: one connection after the other, every six keep the weights 3, 2 and 1."""
    target = workload.serve(Service("echo")).cluster_ip()
    client = clients.pods[0]
    weights = {HEAVY: 3, LIGHT: 2, OTHER: 1}

    judge(ipvs_of_nodes.schedule("wrr", client, target))
    ipvs_of_nodes.weigh(client, target, backends, weights)
    seen = probe(client, target, attempts=60, users=1)

    judge(availability(seen), turns(seen, weights))


def test_least_connection_fills_up_whoever_has_fewest(
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    ipvs_of_nodes: Ipvs,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """`lc`: a backend that holds 12 connections gets no more until the others hold as many."""
    target = workload.serve(Service("echo")).cluster_ip()
    client = clients.pods[0]

    judge(ipvs_of_nodes.schedule("lc", client, target))
    ipvs_of_nodes.weigh(client, target, backends, {LIGHT: 0, OTHER: 0})
    with Held(client, target, 12) as first:
        ipvs_of_nodes.weigh(client, target, backends, {LIGHT: 1, OTHER: 1})
        with Held(client, target, 24) as second:
            judge(open_connections(evidence.add(first.attempts), {HEAVY: 12}, check="alone"))
            judge(open_connections(evidence.add(second.attempts), {LIGHT: 12, OTHER: 12}, within=1))


def test_weighted_least_connection_holds_connections_by_weight(
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    ipvs_of_nodes: Ipvs,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """`wlc`: open connections are held in proportion to the weights 3 and 1."""
    target = workload.serve(Service("echo")).cluster_ip()
    client = clients.pods[0]

    judge(ipvs_of_nodes.schedule("wlc", client, target))
    ipvs_of_nodes.weigh(client, target, backends, {HEAVY: 3, LIGHT: 1, OTHER: 0})
    with Held(client, target, 32) as held:
        judge(open_connections(evidence.add(held.attempts), {HEAVY: 24, LIGHT: 8}, within=1))


@pytest.mark.parametrize(
    ("scheduler", "expected"), [("sed", {HEAVY: 3}), ("nq", {HEAVY: 1, LIGHT: 1, OTHER: 1})], ids=["sed", "nq"]
)
def test_idle_backends_of_little_weight(
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    ipvs_of_nodes: Ipvs,
    evidence: Evidence,
    judge: Judge,
    scheduler: str,
    expected: dict[str, int],
) -> None:
    """Weights 8, 1 and 1: three connections stay with the heavy one by `sed`; `nq` leaves no backend idle."""
    target = workload.serve(Service("echo")).cluster_ip()
    client = clients.pods[0]

    judge(ipvs_of_nodes.schedule(scheduler, client, target))
    ipvs_of_nodes.weigh(client, target, backends, {HEAVY: 8})
    with Held(client, target, 3) as held:
        judge(open_connections(evidence.add(held.attempts), expected))


@pytest.mark.gate
def test_source_hash_gives_a_client_its_backend(
    shared: Shared, clients: Clients, probe: Probe, ipvs_of_nodes: Ipvs, judge: Judge
) -> None:
    """`sh`: all connections of a client go to one backend."""
    target, client = shared.service.cluster_ip(), clients.pods[0]

    judge(ipvs_of_nodes.schedule("sh", client, target))
    seen = probe(clients.beside(client), target)

    judge(availability(seen), affinity(seen))


@pytest.mark.usefixtures("backends")
def test_destination_hash_gives_a_service_its_backend(
    workload: CaseWorkload, clients: Clients, probe: Probe, ipvs_of_nodes: Ipvs, judge: Judge
) -> None:
    """`dh`: all connections to an address go to one backend, whoever makes them."""
    target = workload.serve(Service("echo")).cluster_ip()
    client = clients.pods[0]

    judge(ipvs_of_nodes.schedule("dh", client, target))
    seen = probe(clients.beside(client), target)

    judge(availability(seen), affinity(seen, sticks_by=BY_DESTINATION))


def test_maglev_hash_chooses_again_as_before(
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    ipvs_of_nodes: Ipvs,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """`mh`, by source address and port as kube-proxy sets it: spread over all, and the same port meets the same."""
    target = workload.serve(Service("echo")).cluster_ip()
    client = clients.pods[0]
    ports = range(FIRST_PORT, FIRST_PORT + 60)

    judge(ipvs_of_nodes.schedule("mh", client, target))
    with Held(client, target, len(ports), first_port=FIRST_PORT) as first:
        pass
    ipvs_of_nodes.forget(client, ports)
    with Held(client, target, len(ports), first_port=FIRST_PORT) as again:
        pass

    seen, seen_again = evidence.add(first.attempts), evidence.add(again.attempts)
    judge(reaches_all(seen, backends.names), same_choice(seen, seen_again, len(backends.all)))
