"""Graceful termination: what happens to the open connections of a backend that is removed."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.goes_on import goes_on
from gauntlet.checkers.silence import attendance, span
from gauntlet.ground.history import Connection
from gauntlet.report.judge import Judge
from gauntlet.traffic import Load, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.ipvs_nodes import Ipvs
from gauntlet.workload.removal import Removal

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

RATE_PER_S = 20.0


def test_open_connections_to_a_removed_backend_go_on(
    remove_in_use: Removal, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A backend that leaves the endpoints but serves on keeps the connections that it has, and gets no new ones."""
    client = clients.pods[0]

    removed = remove_in_use(client)
    new = probe(client, removed.service.cluster_ip())

    judge(goes_on(removed.kept, removed.name, removed.since_ns))
    judge(availability(removed.kept), correctness(removed.kept, removed.everyone.names))
    judge(availability(new), correctness(new, removed.left.names))


@pytest.mark.needs("graceful-termination")
def test_removed_backend_keeps_its_connections_and_gets_no_new_ones(
    workload: CaseWorkload,
    backends: Backends,
    clients: Clients,
    traffic: Traffic,
    probe: Probe,
    ipvs_of_nodes: Ipvs,
    judge: Judge,
    evidence: Evidence,
) -> None:
    """Kept connections go on while the removed real server stands at weight 0; new ones go elsewhere."""
    service = workload.serve_endpoints(Service("drained", app=None), backends.endpoints())
    target, client = service.cluster_ip(), clients.pods[0]
    removed, *left = backends.all

    load = Load(target, users=9, rate_per_s=RATE_PER_S, connection=Connection.KEPT)
    with traffic.start(client, load) as kept, evidence.unfinished([kept]):
        ipvs_of_nodes.until_connected(client, target, removed)
        workload.replace_endpoints(service, [backend.endpoint() for backend in left])
        judge(ipvs_of_nodes.drains(client, target, removed))
        new = probe(client, target)
        seen = evidence.add(kept.stop())

    judge(attendance(seen, [kept.declared], *span(new)))
    judge(availability(seen), correctness(seen, backends.names))
    judge(availability(new), correctness(new, frozenset(backend.name for backend in left)))
