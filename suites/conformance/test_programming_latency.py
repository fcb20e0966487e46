"""Programming latency: how soon a change of endpoints is in effect on every node."""

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.programming import programming
from gauntlet.promises.slo import Promises
from gauntlet.report.judge import Judge
from gauntlet.traffic.evidence import Evidence
from gauntlet.workload import Clients
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
