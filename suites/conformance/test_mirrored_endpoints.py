"""Endpoints that people write by hand, which kube-controller-manager mirrors into slices (docs 'Services')."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.reaches_all import reaches_all
from gauntlet.checkers.refusal import refusal
from gauntlet.ground.history import Protocol
from gauntlet.promises.slo import Promises
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import HTTP, UDP, Backends, Clients, Service, mirrored
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [pytest.mark.conformance, pytest.mark.needs("endpoint-slices")]

ATTEMPTS = 2
TIMEOUT_S = 3.0


def test_endpoints_written_by_hand_serve(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge
) -> None:
    """A Service without a selector leads to the addresses of its Endpoints object, also when that is changed."""
    service = workload.make_slices(Service("by-hand", ports=(HTTP, UDP), app=None), ())
    targets = (service.cluster_ip(), service.cluster_ip(Protocol.UDP))
    one = backends.on(clients.nodes[0].name)

    mirrored.make(workload.api, service, backends)
    workload.wait_endpoints(service, backends)
    seen = probe(clients.inside, *targets)
    judge(availability(seen), correctness(seen, backends.names), reaches_all(seen, backends.names))

    mirrored.change(workload.api, service, one)
    workload.wait_endpoints(service, one)
    seen = probe(clients.inside, *targets)
    judge(availability(seen), correctness(seen, one.names))


@pytest.mark.needs("refusal")
def test_endpoints_that_are_deleted_serve_no_more(
    workload: CaseWorkload, backends: Backends, clients: Clients, probe: Probe, judge: Judge, slos: Promises
) -> None:
    """When the Endpoints object of a Service without a selector goes, every attempt is refused."""
    service = workload.make_slices(Service("by-hand", app=None), ())
    mirrored.make(workload.api, service, backends)
    workload.wait_endpoints(service, backends)

    mirrored.delete(workload.api, service)
    workload.wait_endpoints(service, Backends(()))
    seen = probe.refused(clients.inside, service.cluster_ip(), attempts=ATTEMPTS, timeout_s=TIMEOUT_S)

    judge(refusal(seen, within_ms=slos("conformance").latency.p99_ms), terms=slos.terms("conformance"))
