"""Segments out of window: what conntrack cannot place must not end the connection that it belongs to."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.waiting import until
from gauntlet.report.judge import Judge
from gauntlet.traffic import Load, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.strays import Strays
from gauntlet.workload import Backends, Clients, Service, endpoints
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.case_workload import CaseWorkload

pytestmark = [
    pytest.mark.gate,
    pytest.mark.conformance,
    pytest.mark.needs("endpoint-slices"),
    pytest.mark.needs("invalid-dropped"),
]

SEGMENTS = 20
RATE_PER_S = 20.0
# A connection that was reset shows it in the next attempt.
AFTERWARDS, WITHIN_S = 5, 30.0


def test_segments_out_of_window_do_not_end_a_connection(
    workload: CaseWorkload,
    client_pods: Backends,
    clients: Clients,
    traffic: Traffic,
    evidence: Evidence,
    judge: Judge,
) -> None:
    """An open connection goes on while its backend sends segments far out of window, which a node must not let pass.

    Untranslated, they would come from the backend's address: the client's kernel would answer each with a reset, which
    ends the connection at the backend (kubernetes/kubernetes 74839).
    """
    served = workload.serve_endpoints(Service("web", app=None), endpoints(client_pods.all[1]))

    with Strays(clients.pods[1], HTTP_PORT, SEGMENTS) as strays:
        flow = traffic.start(clients.pods[0], Load.kept(served.cluster_ip(), RATE_PER_S))
        with evidence.unfinished([flow]):
            sent = strays.wait()
            enough = flow.count() + AFTERWARDS
            until(lambda: flow.count() >= enough, what="the connection is asked again", deadline_s=WITHIN_S)
            seen = evidence.add(flow.stop())

    judge(Finding("segments-out-of-window", Verdict.PASS, f"{sent} were sent", float(sent), "segments"))
    judge(availability(seen), correctness(seen, frozenset({client_pods.all[1].name})))
