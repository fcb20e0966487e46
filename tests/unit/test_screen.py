"""Tables in a narrow terminal and in a pipe."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from gauntlet.cli.doctor_table import row
from gauntlet.doctor.check import Check, State
from gauntlet.doctor.cluster_check.table import tables
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.screen import NARROWEST_TABLE, fitted
from gauntlet.report.results_file import write
from gauntlet.report.table import show_verdicts
from tests.unit.cluster_check import facts
from tests.unit.report import synthetic

CASE = "suites/conformance/test_node_port.py::test_every_node_serves_what_it_has[tcp]"


def printed(width: int, *shown: RenderableType) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    for each in shown:
        console.print(fitted(console, each))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, NARROWEST_TABLE - 1])
def test_a_narrow_terminal_breaks_no_word(width: int) -> None:
    missing = Check(
        "user namespaces", State.MISSING, "forbidden here", "sudo sysctl kernel.unprivileged_userns_clone=1"
    )
    lines = printed(width, row(missing), *tables(facts.report(facts.cluster(), facts.node(), facts.node("node-2"))))
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert {"missing", "namespaces", "kernel.unprivileged_userns_clone=1", "node-2", "conntrack", "kube-proxy"} <= {
        *words
    }


def test_verdicts_in_a_narrow_terminal() -> None:
    console = Console(width=40, file=io.StringIO())
    found = synthetic.run((*synthetic.passing(CASE, ProxyMode.IPTABLES), *synthetic.failing(CASE, ProxyMode.NFTABLES)))
    show_verdicts(console, found)
    assert isinstance(console.file, io.StringIO)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert any(line.startswith("case  ") for line in lines)
    assert any(line.startswith("iptables") and line.endswith("pass") for line in lines)
    assert any(line.startswith("nftables") and line.endswith("FAIL") for line in lines)


def test_a_pipe_gets_a_row_in_one_line(tmp_path: Path) -> None:
    """`gauntlet report results/latest | grep node_port`."""
    folder = tmp_path / "run"
    folder.mkdir()
    found = synthetic.run(
        (
            *synthetic.passing(CASE, ProxyMode.IPTABLES),
            *synthetic.failing(CASE, ProxyMode.NFTABLES, "a long reason " * 20),
        )
    )
    write(found, folder)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("gauntlet")), "report", str(folder)],
        capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )  # fmt: skip
    assert any("pass" in line and "FAIL" in line for line in done.stdout.splitlines()), done.stdout + done.stderr
    assert any("a long reason " * 19 in line for line in done.stdout.splitlines())
    assert max(map(len, done.stdout.splitlines())) < 1000
