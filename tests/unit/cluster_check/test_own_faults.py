"""What the check makes of faults that the gauntlet itself has left."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.doctor.cluster_check.own_faults import judge
from gauntlet.doctor.cluster_check.report import CLUSTER, Level
from gauntlet.ground.journal.owner import Owner, start_time
from gauntlet.ground.journal.store import Record, State
from tests.unit.journal.process import running

LEFT = Record("flush-nat-1", "flush-nat", "node-2", State.INJECTED)


def test_a_fault_of_a_killed_run_is_a_problem_with_its_remedy() -> None:
    dead = replace(Owner.me(), started="1")
    for record in (LEFT, replace(LEFT, owner=dead)):
        (found,) = judge([record])
        assert (found.level, found.where, found.remedy) == (Level.PROBLEM, "node-2", "gauntlet heal")
        assert "flush-nat" in found.what


def test_a_fault_that_touches_no_node_is_the_clusters() -> None:
    (found,) = judge([replace(LEFT, node=None)])
    assert found.where == CLUSTER


def test_a_fault_of_a_run_that_goes_on_is_named_with_it() -> None:
    with running("import sys") as other:
        owner = replace(Owner.me(), pid=other.pid, started=start_time(other.pid) or "")
        (found,) = judge([replace(LEFT, owner=owner)])
    assert found.level is Level.WARNING
    assert f"process {other.pid} " in found.what
