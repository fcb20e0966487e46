"""Very many connections: what a Service answers once, it answers again and again."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.report.judge import Judge
from gauntlet.traffic import Ask
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Service
from gauntlet.workload.case_workload import CaseWorkload

# Somebody's cluster, and guests, would take minutes for that, as for thousands of Services.
pytestmark = [pytest.mark.gate, pytest.mark.scale, pytest.mark.needs("thousands-of-services")]

# More than any case before asked of one Service from one node, and less than the ports that a client has.
CONNECTIONS = 12_000
USERS = 16


def test_each_of_very_many_connections_is_answered(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """From one node a Service is asked so often that whatever counts connections there has come to its end."""
    service = workload.serve(Service("busy"))

    seen = probe(clients.pods[0], service.cluster_ip(), attempts=CONNECTIONS, users=USERS, ask=Ask.HOSTNAME)

    judge(availability(seen), correctness(seen, backends.names))
