"""LoadBalancer: the ingress IP of a Service."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.ground.history import Protocol
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, Service, ServiceType
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("load-balancer")]


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_ingress_ip_reaches_every_backend(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge, protocol: Protocol
) -> None:
    """From inside and outside, every attempt at the ingress IP is answered, and each backend answers some."""
    service = workload.serve(Service("echo", ports=(HTTP, UDP), type=ServiceType.LOAD_BALANCER))

    seen = probe(clients.everywhere, service.load_balancer(protocol))

    judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))
