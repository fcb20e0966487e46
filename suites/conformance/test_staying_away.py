"""Staying away: a client that says nothing for a while finds its backend again."""

import pytest

from gauntlet.checkers.affinity import affinity
from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.service import STICKY

pytestmark = [pytest.mark.conformance, pytest.mark.slow, pytest.mark.needs("many-changes")]

AWAY_S = 45.0
# Three clients come back to six Services of three backends: all to the same by chance once in 3^18 times.
SERVICES = 6
HOURS = STICKY.affinity_timeout_s


def test_clients_come_back_to_their_backend(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """With a time-out of three hours, a client that stayed away for most of a minute has its backend still."""
    sticky = [Service(f"sticky-{number}", affinity_timeout_s=HOURS) for number in range(SERVICES)]
    targets = [service.cluster_ip() for service in workload.serve_all(sticky)]

    seen = probe(clients.pods, *targets, attempts=2, rate_per_s=1 / AWAY_S)

    judge(availability(seen), correctness(seen, backends.names), affinity(seen, min_attempts=2))
