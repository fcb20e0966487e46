"""How `gauntlet run` concludes: its exit code, and what it shows of the results."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from gauntlet.cli.conclusion import conclude, show
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.finding import Verdict
from gauntlet.report.results import FindingRecord, GateCases, Results, Skip
from gauntlet.report.results_file import write
from gauntlet.report.run_folder import point_latest
from gauntlet.report.subject_record import SubjectRecord

CASE = "suites/conformance/test_node_port.py::test_answers_on_every_node_also_without_a_backend[udp-outside]"


def results(*found: Verdict, incomplete: str = "") -> Results:
    modes = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)
    return Results(
        tool="0.1.0", kubernetes="1.37.2", command="gauntlet run", seed=1,
        started=datetime(2026, 1, 1, tzinfo=UTC), finished=datetime(2026, 1, 1, 0, 3, tzinfo=UTC),
        subjects=tuple(SubjectRecord(name=mode, mode=mode, version="1.37.2", written=mode) for mode in modes),
        findings=tuple(
            FindingRecord(
                case=CASE, subject=mode, check="refusal", verdict=verdict, reason="took 1.2 s", details=("x",)
            )
            for mode, verdict in zip(modes, found, strict=True)
        ),
        skipped=(Skip(case="suites/test_x.py::test_y", subject="nftables", reason="not in this mode"),),
        reproduce="gauntlet run", gate=dict.fromkeys(modes, GateCases(ran=1, cases=1)), incomplete=incomplete,
    )  # fmt: skip


def concluded(folder: Path, code: int, kept: Results | None) -> tuple[ExitCode, str]:
    run = folder / "run" if kept is not None else None
    if kept is not None and run is not None:
        run.mkdir()
        write(kept, run)
        point_latest(run)
    console = Console(width=80, file=io.StringIO())
    exit_code = conclude(console, run, code)
    assert isinstance(console.file, io.StringIO)
    return exit_code, console.file.getvalue()


def test_a_folder_that_is_not_the_latest_run_is_named_itself(tmp_path: Path) -> None:
    write(results(Verdict.PASS, Verdict.PASS), tmp_path)
    console = Console(width=80, file=io.StringIO())
    show(console, results(Verdict.PASS, Verdict.PASS), tmp_path)
    assert isinstance(console.file, io.StringIO)
    assert f"  {tmp_path}/report.html" in console.file.getvalue()


def test_all_passed(tmp_path: Path) -> None:
    exit_code, said = concluded(tmp_path, 0, results(Verdict.PASS, Verdict.PASS))
    assert exit_code is ExitCode.OK
    assert "2 pass, 0 fail, 0 inconclusive, 1 skipped in 3.0 min" in said
    assert f"{tmp_path}/latest/report.html" in said
    assert f"{tmp_path}/latest/results.json" in said


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INCONCLUSIVE])
def test_one_did_not_pass(tmp_path: Path, verdict: Verdict) -> None:
    # pytest's own code is 0 here: the verdicts alone must be enough.
    exit_code, said = concluded(tmp_path, 0, results(Verdict.PASS, verdict))
    assert exit_code is ExitCode.FAILED
    word = "FAIL" if verdict is Verdict.FAIL else "inconclusive"
    assert re.search(rf"^{word} .* with\s+nftables", said, re.MULTILINE)
    assert f"'{CASE.removesuffix(']')}" in "".join(line.strip() for line in said.splitlines())
    assert "refusal: took 1.2 s" in said


def test_an_incomplete_run_did_not_pass(tmp_path: Path) -> None:
    exit_code, said = concluded(tmp_path, 2, results(Verdict.PASS, Verdict.PASS, incomplete="Ctrl-C"))
    assert exit_code is ExitCode.FAILED
    assert "The run did not finish: Ctrl-C." in said


def test_a_failure_without_a_verdict_counts(tmp_path: Path) -> None:
    exit_code, said = concluded(tmp_path, 1, results(Verdict.PASS, Verdict.PASS))
    assert exit_code is ExitCode.FAILED
    assert "pytest failed although no verdict did" in said


def test_a_run_without_results_did_not_pass(tmp_path: Path) -> None:
    exit_code, said = concluded(tmp_path, 0, None)
    assert exit_code is ExitCode.FAILED
    assert "ended without results" in said


def test_results_of_an_earlier_run_do_not_count(tmp_path: Path) -> None:
    assert concluded(tmp_path, 0, results(Verdict.PASS, Verdict.PASS))[0] is ExitCode.OK
    assert conclude(Console(file=io.StringIO()), None, 0) is ExitCode.FAILED
