"""Programming latency: how soon a change of a Service or its endpoints is in effect on every node."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.in_effect import in_effect, served_throughout
from gauntlet.checkers.programming import programming
from gauntlet.promises.slo import Promises
from gauntlet.report.judge import Judge
from gauntlet.traffic.evidence import Evidence
from gauntlet.workload import Clients
from gauntlet.workload.kinds_of_change import KindsOfChange
from gauntlet.workload.programming import ProgrammingWatch

pytestmark = [pytest.mark.gate, pytest.mark.conformance]


@pytest.mark.needs("endpoint-slices")
def test_changes_of_endpoints_are_soon_in_effect_on_every_node(
    watch_programming: ProgrammingWatch, clients: Clients, evidence: Evidence, judge: Judge, slos: Promises
) -> None:
    """From asking the API for another endpoint on, each node's clients are sent there within the SLO; none is lost."""
    terms = slos.terms("conformance")
    seen = watch_programming()
    nodes = [node.name for node in clients.nodes]
    judge(availability(seen.attempts), correctness(seen.attempts, seen.backends))
    judge(programming(evidence.history(), seen.service, nodes, terms.slo.programming), terms=terms)
    judge(seen.counted)


@pytest.mark.needs("endpoint-slices")
@pytest.mark.needs("many-changes")
def test_changes_of_every_kind_are_soon_in_effect(change_in_kind: KindsOfChange, judge: Judge, slos: Promises) -> None:
    """Endpoints come and go, NodePorts and the Service: clients everywhere meet that within the SLO; none is lost."""
    terms = slos.terms("conformance")
    seen = change_in_kind()
    judge(in_effect(seen.attempts, seen.demands, terms.slo.programming.p99_s), terms=terms)
    judge(availability(served_throughout(seen.attempts, seen.demands)))
