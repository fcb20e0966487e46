"""`python -m gauntlet.report FOLDER`: what it leaves, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.report import results_file
from gauntlet.report.__main__ import main
from gauntlet.report.making import STEP_SUMMARY, make, publish
from tests.unit.report.synthetic import CASE, passing, run

WHOLE = run(passing(CASE, ProxyMode.IPTABLES), ProxyMode.IPTABLES)


def test_the_command_leaves_page_and_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STEP_SUMMARY, str(tmp_path / "step.md"))
    (tmp_path / "step.md").write_text("before\n")
    results_file.write(WHOLE, tmp_path)
    ended = CliRunner().invoke(main, [str(tmp_path)])
    assert ended.exit_code == 0, ended.output
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "step.md").read_text() == "before\n" + (tmp_path / "summary.md").read_text()


def test_without_github_nothing_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STEP_SUMMARY, raising=False)
    results_file.write(WHOLE, tmp_path)
    assert publish(make(tmp_path)) is None


def test_a_summary_file_that_cannot_be_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STEP_SUMMARY, str(tmp_path / "no" / "step.md"))
    results_file.write(WHOLE, tmp_path)
    with pytest.raises(GauntletError, match="cannot be added"):
        publish(make(tmp_path))


def test_a_corrupt_results_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    ended = CliRunner().invoke(main, [str(tmp_path)])
    assert ended.exit_code == 2
    assert "is not a results file" in ended.stderr
    assert "remedy:" in ended.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_folder_without_results_is_a_usage_error(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, [str(tmp_path / "nowhere")])
    assert ended.exit_code == 2
    assert "name the folder of a run" in ended.stderr
