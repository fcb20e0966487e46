"""From the register of known defects to verdicts and exit codes, through pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.environment import PROXY_PATH
from tests.programs.suite_folder import SuiteFolder

# The made-up cluster of iptables is of 1.37.2, that of nftables of 1.36.3.
REGISTER = """
from fixtures import known_defects
from gauntlet.promises.known_defects import Register

def entry(title, case, versions, **more):
    return dict(
        number="none found", title=title, wrong="it is wrong", users="wait", modes=["iptables", "nftables"],
        versions=[versions], cases=[dict(case=f"suites/test_it.py::test_{case}", findings=["bad"])],
        run=dict(day="2026-11-29", failed=["x"], figures="all"), **more,
    )

@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    session.config.stash[known_defects.REGISTER] = Register.model_validate({"defects": [
        entry("of old", "fails", dict(since="1.30", fixed="1.37.0")),
        entry("of new", "passes", dict(since="1.37")),
        entry("at times", "is_lucky", dict(since="1.30"), sometimes="it is a race"),
    ]})
"""
TESTS = """
BAD = Finding('bad', Verdict.FAIL, 'it does not work')

def test_fails(judge):
    judge(GOOD, BAD)

def test_passes(judge):
    judge(GOOD)

def test_is_lucky(judge):
    judge(GOOD)
"""


def folder(path: Path, tests: str = TESTS) -> SuiteFolder:
    made = SuiteFolder.make(path, tests)
    with (path / "suites" / "conftest.py").open("a") as conftest:
        conftest.write(REGISTER)
    return made


def test_a_known_defect_passes_where_it_is_and_fails_where_it_is_not(tmp_path: Path) -> None:
    made = folder(tmp_path)
    code, printed = made.run("--kp-modes=nftables")
    assert code == 0, printed
    assert made.verdicts("nftables")["fails"] == [("good", "pass"), ("bad", "known defect")]
    assert "nftables: known defect of old" in printed
    assert made.results().word == "not decided, with 1 known defect"
    code, _ = made.run("--kp-modes=iptables", "-k", "fails")
    assert (code, made.verdicts()["fails"]) == (1, [("good", "pass"), ("bad", "fail")])


def test_on_request_it_fails_the_run(tmp_path: Path) -> None:
    made = folder(tmp_path)
    code, printed = made.run("--kp-modes=nftables", "--kp-known-defects=fail", "-k", "fails")
    assert code == 1
    assert "known defect of old: it does not work" in printed
    assert "--kp-known-defects=fail" in made.results().options


def test_a_case_that_passes_though_it_must_fail_fails_by_that_name(tmp_path: Path) -> None:
    made = folder(tmp_path)
    code, printed = made.run("--kp-modes=iptables", "-k", "passes or lucky")
    assert code == 1
    assert made.verdicts() == {"passes": [("good", "pass"), ("known-defect", "fail")], "is_lucky": [("good", "pass")]}
    assert "the case does not fail as the register says it does with known defect of new" in printed


def test_behind_strange_programs_a_pass_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROXY_PATH, str(tmp_path))
    made = folder(tmp_path)
    code, printed = made.run("--kp-modes=iptables", "-k", "passes")
    assert code == 0, printed


def test_another_finding_of_the_same_case_still_fails(tmp_path: Path) -> None:
    made = folder(tmp_path, TESTS.replace("judge(GOOD, BAD)", "judge(BAD, Finding('worse', Verdict.FAIL, 'no'))"))
    code, _ = made.run("--kp-modes=nftables", "-k", "fails")
    assert (code, made.verdicts("nftables")["fails"]) == (1, [("bad", "known defect"), ("worse", "fail")])
