"""What there is after pytest has run the cases of a phase."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.cli.upgrade_cases import came_to
from gauntlet.ground.finding import Verdict
from gauntlet.report import results_file
from tests.unit.upgrade.case_runs import case_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an upgrade, in which the cases of a phase have left their results."""
    results = case_run(Verdict.FAIL).results
    assert results is not None
    into = tmp_path / "cases" / "conformance-to" / "run"
    into.mkdir(parents=True)
    results_file.write(results, into)
    return tmp_path


def test_results_are_those_of_the_phase_whether_cases_failed_or_not(folder: Path) -> None:
    found = came_to(folder / "cases/conformance-to/run", 1, folder, folder / "pytest.log")
    assert (found.folder, found.trouble) == ("cases/conformance-to/run", "")
    assert found.finding().verdict is Verdict.PASS


@pytest.mark.parametrize("code", [3, 4, 5])
def test_a_pytest_that_did_not_come_to_its_end_is_not_relied_on(folder: Path, code: int) -> None:
    found = came_to(folder / "cases/conformance-to/run", code, folder, folder / "pytest.log")
    assert found.finding().verdict is Verdict.INCONCLUSIVE
    assert str(folder / "pytest.log") in found.remedy


def test_a_pytest_that_failed_although_no_case_did_is_not_relied_on(tmp_path: Path) -> None:
    results = case_run(Verdict.PASS).results
    assert results is not None
    results_file.write(results, tmp_path)
    assert came_to(tmp_path, 0, tmp_path, tmp_path / "pytest.log").finding().verdict is Verdict.PASS
    found = came_to(tmp_path, 1, tmp_path, tmp_path / "pytest.log").finding()
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, "pytest failed although no case did")


@pytest.mark.parametrize("results", [None, Path("/nowhere")])
def test_without_results_it_is_said_what_ended_pytest(tmp_path: Path, results: Path | None) -> None:
    found = came_to(results, -9, tmp_path, tmp_path / "pytest.log")
    assert found.results is None
    assert "SIGKILL" in found.finding().reason
    assert found.finding().verdict is Verdict.INCONCLUSIVE
