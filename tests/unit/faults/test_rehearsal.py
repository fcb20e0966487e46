"""What stands in for traffic in a rehearsal has all that suites hold in their hands."""

from __future__ import annotations

from gauntlet.faults.chaos.rehearsal import RehearsedFlow, RehearsedTraffic
from gauntlet.ground.history import DeclaredFlow
from gauntlet.traffic import Flow, Traffic

# Of a load that was made; no suite asks for them.
ONLY_MADE = {"path", "slipped", "made", "load", "broken", "abandon"}
# Of agents that run.
ONLY_RUNNING = {"release", "close"}
# Of the catalogue: a rehearsal has another one, which tells what would be made and asks nobody (fixtures/rehearsal.py).
ONLY_TABLES = {"ask", "refusals_left"}


def test_a_rehearsed_flow_has_what_a_flow_has() -> None:
    declared = DeclaredFlow("client-1", "node-1", "test/web", "cluster_ip", "10.96.0.10", 80, "tcp", "new")
    flow = RehearsedFlow(declared)
    assert flow.declared is declared
    assert {name for name in public(Flow) - ONLY_MADE if not hasattr(flow, name)} == set()


def test_rehearsed_traffic_has_what_traffic_has() -> None:
    assert {
        name for name in public(Traffic) - ONLY_RUNNING - ONLY_TABLES if not hasattr(RehearsedTraffic, name)
    } == set()


def public(real: type) -> set[str]:
    return {name for name in vars(real) if not name.startswith("_")}
