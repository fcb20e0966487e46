"""ClusterIP: the address of a Service inside the cluster."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Clients
from gauntlet.workload.shared import Shared

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@pytest.mark.smoke
@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_cluster_ip_reaches_every_backend(
    shared: Shared, clients: Clients, probe: Probe, judge: Judge, protocol: Protocol
) -> None:
    """From every pod and node, every attempt at the ClusterIP is answered, and each backend answers some."""
    seen = probe(clients.inside, shared.service.cluster_ip(protocol))

    judge(availability(seen), correctness(seen, shared.backends.names), reaches_all(seen, shared.backends.names))
