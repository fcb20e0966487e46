"""No endpoints: a Service that nobody serves says so at once."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.refusal import refusal
from gauntlet.ground.history import Protocol
from gauntlet.promises.slo import Promises
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backend, Clients, Served, Service
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

# Each kernel refuses six attempts of one client at once, later ones only once a second
# (gauntlet/traffic/refusal_limit.py).
ATTEMPTS = 2
TIMEOUT_S = 3.0


@pytest.mark.needs("refusal")
@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.UDP])
def test_service_without_endpoints_refuses(
    nobody: Served, clients: Clients, probe: Probe, judge: Judge, slos: Promises, protocol: Protocol
) -> None:
    """Every attempt is refused quickly, never left to hang: at the ClusterIP and at the NodePort of every node."""
    quickly = slos("conformance").latency.p99_ms

    # The kernel stops a node's own datagram with EPERM before it is a packet that could be refused.
    inside = clients.inside if protocol is Protocol.TCP else clients.pods
    seen = probe.refused(inside, nobody.cluster_ip(protocol), attempts=ATTEMPTS, timeout_s=TIMEOUT_S)
    judge(refusal(seen, within_ms=quickly), terms=slos.terms("conformance"))

    every_node = [nobody.node_port(node, protocol) for node in clients.nodes]
    seen = probe.refused(clients.outside, *every_node, attempts=ATTEMPTS, timeout_s=TIMEOUT_S)
    judge(refusal(seen, within_ms=quickly), terms=slos.terms("conformance"))


def test_service_serves_once_it_has_an_endpoint(
    workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """The refusal ends when the first backend becomes ready."""
    service = workload.serve(Service("echo"))
    first = workload.run(Backend("first", clients.nodes[0].name))
    workload.wait_endpoints(service, first)

    seen = probe(clients.inside, service.cluster_ip())

    judge(availability(seen), correctness(seen, first.names))
