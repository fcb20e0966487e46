"""The verdicts of a terminal: what stands below the table."""

from __future__ import annotations

import io

from rich.console import Console

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report import results
from gauntlet.report.figures import EFFORT
from gauntlet.report.table import show_verdicts
from tests.unit.report import synthetic

CASE = "suites/conformance/test_state_machine.py::test_any_changes_of_services"


def test_what_a_case_tried_is_said() -> None:
    tried = "19 sequences, 46 steps, 20,251 attempts in 59 s"
    found = results.records(CASE, ProxyMode.IPTABLES, [Finding(EFFORT, Verdict.MEASURED, tried, 59.0, "s")])
    console = Console(width=200, file=io.StringIO())
    show_verdicts(console, synthetic.run((*synthetic.passing(CASE, ProxyMode.IPTABLES), *found)))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line for line in lines if line.endswith(f"Any changes of services with iptables: {tried}")]
