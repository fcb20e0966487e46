"""Readiness: only ready backends serve."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Backend, Clients, Readiness, Service
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = pytest.mark.conformance


# Either way kube-proxy sees the same change of a slice: the gate checks one.
@pytest.mark.parametrize("readiness", [pytest.param(Readiness.FILE, marks=pytest.mark.gate), Readiness.GATE])
def test_only_ready_backends_serve(
    workload: CaseWorkload, clients: Clients, probe: Probe, judge: Judge, readiness: Readiness
) -> None:
    """A backend serves from when it becomes ready until it becomes unready, by its probe or by a readiness gate."""
    first, second, third = workload.nodes
    everyone = workload.run(
        Backend("steady-1", first), Backend("steady-2", second), Backend("flips", third, readiness=readiness)
    )
    steady = everyone.without("flips")
    flips = workload.switch(everyone["flips"], readiness)
    service = workload.serve(Service("echo"))

    seen = probe(clients.pods, service.cluster_ip())
    judge(availability(seen), correctness(seen, steady.names))

    flips.on()
    workload.wait_endpoints(service, everyone)
    seen = probe(clients.pods, service.cluster_ip())
    judge(availability(seen), reaches_all(seen, everyone.names))

    flips.off()
    workload.wait_endpoints(service, steady)
    seen = probe(clients.pods, service.cluster_ip())
    judge(availability(seen), correctness(seen, steady.names))
