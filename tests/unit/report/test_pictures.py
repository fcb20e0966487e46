"""Which cases of a page have a timeline."""

from __future__ import annotations

from pathlib import Path

from gauntlet.checkers import truth
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report import results
from gauntlet.report.sections import sections
from tests.unit.report.synthetic import CASE, Shape, history, run


def timelines(folder: Path, check: str) -> list[str]:
    history(Shape(outage_s=1.0)).save(folder / "evidence/case")
    found = [Finding(check, Verdict.FAIL, "as it was"), Finding("source-address", Verdict.PASS, "as it must be")]
    page = sections(run(results.records(CASE, ProxyMode.IPTABLES, found, ["evidence/case"])), folder)
    return [picture.timeline for section in page for picture in section.pictures]


def test_a_case_with_events_has_one(tmp_path: Path) -> None:
    assert all(timelines(tmp_path, "availability"))


def test_a_case_that_was_asked_in_tables_has_none(tmp_path: Path) -> None:
    assert timelines(tmp_path, truth.CHECK) == [""]
