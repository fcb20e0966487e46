"""What stands in for traffic in a rehearsal has all that suites hold in their hands."""

from __future__ import annotations

from fixtures.rehearsal import RehearsedFlow
from gauntlet.history import DeclaredFlow
from gauntlet.traffic import Flow

# Of a load that was made.
ONLY_MADE = {"path", "slipped", "count", "load"}


def test_a_rehearsed_flow_has_what_a_flow_has() -> None:
    declared = DeclaredFlow("client-1", "node-1", "test/web", "cluster_ip", "10.96.0.10", 80, "tcp", "new")
    flow = RehearsedFlow(declared)
    assert flow.declared is declared
    public = {name for name in vars(Flow) if not name.startswith("_")}
    assert {name for name in public - ONLY_MADE if not hasattr(flow, name)} == set()
