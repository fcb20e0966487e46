"""Session affinity by client IP: a client keeps its backend until it stays away for the time-out."""

import pytest

from gauntlet.checkers.affinity import affinity
from gauntlet.checkers.affinity_timeout import affinity_timeout
from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

DEFAULT_TIMEOUT_S = 10800
TIMEOUT_S = 3
# Three clients at six Services choose among three backends: all choose as before once in 3^18 times.
LEFT_ALONE = 6
ATTEMPTS = 25
VISITS_A_SECOND = 5


def test_client_keeps_its_backend(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """From the pod of every node, all connections to a Service with session affinity meet one backend."""
    service = workload.serve(Service("sticky", ports=(HTTP, UDP), affinity_timeout_s=DEFAULT_TIMEOUT_S))

    for protocol in (Protocol.TCP, Protocol.UDP):
        seen = probe(clients.pods, service.cluster_ip(protocol), attempts=ATTEMPTS)
        judge(availability(seen), correctness(seen, backends.names), affinity(seen))


@pytest.mark.needs("affinity-timeout")
def test_client_keeps_its_backend_until_the_time_out(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """Visits keep a client's backend for it beyond the time-out; Services left alone for so long choose anew."""
    sticky = [Service(f"sticky-{number}", affinity_timeout_s=TIMEOUT_S) for number in range(LEFT_ALONE + 1)]
    visited, *left_alone = [service.cluster_ip() for service in workload.serve_all(sticky)]

    before = probe(clients.pods, visited, *left_alone, attempts=ATTEMPTS)
    # These visits last for twice the time-out, in which nobody comes to the others.
    visits = probe(clients.pods, visited, attempts=2 * TIMEOUT_S * VISITS_A_SECOND, rate_per_s=VISITS_A_SECOND)
    after = probe(clients.pods, *left_alone, attempts=ATTEMPTS)

    judge(availability(before), affinity(before))
    judge(availability(visits), affinity(visits))
    judge(availability(after), affinity(after), affinity_timeout(before, after, len(backends.names)))
