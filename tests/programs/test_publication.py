"""What an upgrade and a watch leave beside results.json, and what GitHub Actions is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.cli.publication import publish
from gauntlet.report.annotations import ACTIONS
from gauntlet.report.junit import FILE as JUNIT
from gauntlet.report.making import PAGE, STEP_SUMMARY
from gauntlet.report.results_file import write
from gauntlet.report.watch_record import WatchRecord
from tests.unit.report.test_upgrade_record import RECORD, upgraded

WATCHED = upgraded().model_copy(
    update={
        "upgrade": RECORD.model_copy(update={"strategy": "watch of ./roll.sh"}),
        "watch": WatchRecord(command=("./roll.sh",)),
    }
)


def test_the_step_summary_and_the_annotations_are_written_beside_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = tmp_path / "step.md"
    monkeypatch.setenv(STEP_SUMMARY, str(step))
    monkeypatch.setenv(ACTIONS, "true")
    write(WATCHED, tmp_path)
    publish(WATCHED, tmp_path)
    assert step.read_text().startswith("## ❌ watch of ./roll.sh: may not")
    assert (tmp_path / PAGE).exists()
    assert (tmp_path / JUNIT).exists()
    said = capsys.readouterr()
    assert said.out.startswith("::error title=watch of ./roll.sh%3A may not::the way back: ")
    assert said.err == ""


def test_a_report_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(ACTIONS, raising=False)
    publish(WATCHED, tmp_path)
    assert "no report was made: " in capsys.readouterr().err
