"""The ledger of the soak and the page that is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.soak import ledger, page
from bench.soak.ledger import Row, Run
from gauntlet.ground.errors import UsageError
from gauntlet.ground.finding import Verdict
from gauntlet.report.case import Case

UDP = "suites/conformance/test_udp.py::test_udp_is_answered[long]"
PASSED = Row(case=UDP, subject="iptables", verdict=Verdict.PASS, seconds=1.5)
ALARM = Row(case=UDP, subject="nftables", verdict=Verdict.FAIL, seconds=2.5, words="truth: 1 | 2 attempts\nfailed")


def run(*rows: Row, day: int = 1, **changed: object) -> Run:
    fields: dict[str, object] = {
        "started": datetime(2026, 12, day, 1, 2, 3, tzinfo=UTC),
        "commit": "abc1234",
        "profile": "conformance",
        "loaded": False,
        "cores": 2,
        "busy": 1.25,
        "seconds": 99.5,
        "rows": rows,
    }
    return Run.model_validate(fields | changed)


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "there" / "soak.jsonl"
    assert ledger.load(path) == ()
    first, second = run(PASSED), run(PASSED, ALARM, day=2, loaded=True)
    ledger.append(path, first)
    ledger.append(path, second)
    assert ledger.load(path) == (first, second)
    assert len(path.read_text().splitlines()) == 2


def test_a_line_that_is_no_run_is_named(tmp_path: Path) -> None:
    path = tmp_path / "soak.jsonl"
    ledger.append(path, run(PASSED))
    with path.open("a") as file:
        file.write("{}\n")
    with pytest.raises(UsageError, match=r"soak\.jsonl:2 is not a run"):
        ledger.load(path)


def test_seconds_are_found_by_the_names_that_junit_has() -> None:
    junit = [
        ("suites.conformance.test_udp", "test_udp_is_answered[long-iptables]", 1.5),
        ("suites.conformance.test_udp", "test_udp_is_answered[long-nftables]", 2.5),
        ("tests.unit.test_x", "test_y", 3.0),
    ]
    found = ledger.seconds_of(junit, ("iptables", "nftables"))
    assert found == {Case(UDP, "iptables"): 1.5, Case(UDP, "nftables"): 2.5}


def test_runs_are_counted_by_profile_and_load() -> None:
    made = page.written([run(PASSED), run(PASSED, ALARM, day=2), run(PASSED, loaded=True)], "")
    lines = made.splitlines()
    quiet = next(line for line in lines if line.startswith("| conformance | 1.2 of 2 busy"))
    assert quiet.split(" | ")[2:7] == ["2", "1", "3", "1", "0"]
    assert any(line.startswith("| conformance | all kept busy | 1 | 0 |") for line in lines)


def test_without_an_alarm_that_is_said() -> None:
    assert "No alarm." in page.written([run(PASSED)], "")


def test_a_cause_that_was_written_by_hand_stays() -> None:
    runs = [run(PASSED, ALARM), run(ALARM, day=2)]
    made = page.written(runs, "")
    assert made.count(page.UNKNOWN) == 2
    row = next(line for line in made.splitlines() if line.startswith("| 2026-12-02T01:02:03Z |"))
    told = made.replace(row, row.replace(page.UNKNOWN, "the client came late: 0123abc"))
    again = page.written([*runs, run(ALARM, day=3)], told)
    assert again.count(page.UNKNOWN) == 2
    assert row.replace(page.UNKNOWN, "the client came late: 0123abc") in again
