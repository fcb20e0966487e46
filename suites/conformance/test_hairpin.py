"""Hairpin: a pod that is a backend of the Service it uses."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@pytest.mark.needs("endpoint-slices")
def test_pod_reaches_itself_by_its_service(
    workload: CaseWorkload, client_pods: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """On every node, a pod that is the only backend of a Service gets its own answer there, by TCP and UDP."""
    mirrors = {
        Service(f"mirror-{itself.name}", ports=(HTTP, UDP), app=None): [itself.endpoint()] for itself in client_pods.all
    }
    for itself, service in zip(client_pods.all, workload.serve_all_endpoints(mirrors), strict=True):
        client = clients.pod_on(itself.node)
        seen = probe(client, service.cluster_ip(Protocol.TCP), service.cluster_ip(Protocol.UDP))

        judge(availability(seen), correctness(seen, frozenset({itself.name})))
