"""Headless: a Service that hands out the addresses of its pods instead of one of its own."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

ATTEMPTS_A_POD = 10


def test_headless_service_names_its_pods(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """It has no ClusterIP, its EndpointSlice holds the pods' addresses, and at each address that pod answers."""
    service = workload.serve(Service("echo", headless=True))

    assert service.addresses == ()
    assert workload.slice_addresses(service) == {backend.address for backend in backends.all}
    for backend in backends.all:
        seen = probe(clients.inside, backend.target(), attempts=ATTEMPTS_A_POD)
        judge(availability(seen), correctness(seen, frozenset({backend.name})))
