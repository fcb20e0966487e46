"""targetPort: the port of the backends that a port of the Service stands for."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backends, Clients, Port, Service
from gauntlet.workload.backend import HTTP_PORT, HTTP_PORT_NAME, UDP_PORT, UDP_PORT_NAME
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

BY_NUMBER, BY_NAME = 1000, 2000


def test_ports_lead_to_their_target_ports(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A target port may be given by number or by name, and a number may be used for TCP and UDP at once."""
    ports = (
        Port(BY_NUMBER, HTTP_PORT),
        Port(BY_NAME, HTTP_PORT_NAME),
        Port(BY_NUMBER, UDP_PORT, Protocol.UDP),
        Port(BY_NAME, UDP_PORT_NAME, Protocol.UDP),
    )
    service = workload.serve(Service("ports", ports=ports))

    for port in ports:
        seen = probe(clients.pods, service.cluster_ip(port.protocol, number=port.number))
        judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))
