"""What a run is of: the whole gate or a selection of it, with other programs before the tools or without."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.report import results_file, run_folder
from gauntlet.report.page import page
from gauntlet.report.results import GateCases
from gauntlet.report.summary import summary
from gauntlet.report.verdicts import headline, undecided
from tests.programs.suite_folder import SuiteFolder
from tests.unit.report.synthetic import CASE, failing, passing, run

NFTABLES = ProxyMode.NFTABLES
ONE_OF_39 = GateCases(ran=1, cases=39)
GATE = """
pytestmark = pytest.mark.gate

def test_a(judge):
    judge(GOOD)

def test_b(judge):
    judge(GOOD)

def test_of_another_mode(judge):
    experiment = "flush-nat"
    judge(GOOD)
"""


def test_a_selection_that_passes_decides_nothing() -> None:
    selection = run(passing(CASE, NFTABLES), NFTABLES, gate=ONE_OF_39)
    found = headline(selection, NFTABLES)
    assert (found.answer, found.verdict) == ("Not decided", Verdict.INCONCLUSIVE)
    assert found.sentence == "The only case passed. 1 of 39 gate cases ran."
    assert undecided(selection) == ("nftables: 1 of 39 gate cases ran: not decided",)
    assert summary(selection).startswith("## ❔ kube-proxy gauntlet: not decided (Kubernetes 1.37.2)")
    assert "| nftables | ❔ **Not decided** | The only case passed. 1 of 39 gate cases ran. |" in summary(selection)
    assert "Yes" not in page(selection, Path("/nowhere"))


def test_a_selection_that_fails_decides_as_one_failure_is_enough() -> None:
    selection = run(failing(CASE, NFTABLES), NFTABLES, gate=ONE_OF_39)
    assert headline(selection, NFTABLES).answer == "No"
    assert undecided(selection) == ()


def test_a_run_that_does_not_know_the_gate_decides_nothing() -> None:
    unknown = run(passing(CASE, NFTABLES), NFTABLES).model_copy(update={"gate": {}})
    assert headline(unknown, NFTABLES).answer == "Not decided"


def test_a_repeat_of_one_case_leaves_the_latest_gate_alone(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, GATE)
    code, printed = folder.run("--kp-modes", "nftables")
    assert code == 0, printed
    whole = folder.results()
    assert whole.gate == {NFTABLES: GateCases(ran=2, cases=2)}
    assert "not decided" not in printed

    code, printed = folder.run("--kp-modes", "nftables", "-k", "test_a")
    assert code == 0, printed
    assert "nftables: 1 of 2 gate cases ran: not decided" in printed
    assert folder.results() == whole
    selection = results_file.load(tmp_path / "results" / "latest-selection")
    assert selection.gate == {NFTABLES: GateCases(ran=1, cases=2)}


def test_two_runs_with_one_folder_of_results_have_their_own(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, GATE)
    with contextlib.ExitStack() as both:
        asked = [both.enter_context(run_folder.announced()) for _ in range(2)]
        children = []
        for announced, mode in zip(asked, ("nftables", "iptables"), strict=True):
            os.environ[run_folder.ANNOUNCE_VARIABLE] = f"/proc/{os.getpid()}/fd/{announced.file.fileno()}"
            # The folder that is given last wins, wherever it is given.
            children.append(folder.start("--kp-results=unused", "--kp-modes", mode, "--kp-results", "shared"))
        assert [child.wait(timeout=120) for child in children] == [0, 0]
        folders = [announced.folder() for announced in asked]
    assert [results_file.load(each).names for each in folders if each] == [("nftables",), ("iptables",)]
    assert {each.parent for each in folders if each} == {tmp_path / "shared"}
    assert not (tmp_path / "unused").exists()


def test_a_run_that_ends_before_it_has_a_folder_announces_none(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, GATE)
    with run_folder.announced() as announced:
        code, _ = folder.run("--kp-modes", "nonsense")
        assert (code, announced.folder()) == (4, None)


def test_what_stands_before_the_tools_is_recorded_shown_and_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / "some tools"
    before.mkdir()
    monkeypatch.setenv("GAUNTLET_PROXY_PATH", str(before))
    folder = SuiteFolder.make(tmp_path, "def test_fails(judge):\n    judge(Finding('bad', Verdict.FAIL, 'broken'))\n")
    code, printed = folder.run("--kp-modes", "nftables")
    assert code == 1, printed
    prefix = f"GAUNTLET_PROXY_PATH='{before}' pytest "
    assert f"run this case again: {prefix}'suites/test_it.py::test_fails[nftables]'" in printed
    found = results_file.load(tmp_path / "results" / "latest-selection")
    assert not (tmp_path / "results" / "latest").exists()
    assert found.environment == {"GAUNTLET_PROXY_PATH": str(before)}
    assert found.command.startswith(prefix)
    assert found.reproduce.startswith(prefix)
    assert f"{prefix}'suites/test_it.py::test_fails[nftables]'" in summary(found)
    for text in (summary(found), page(found, tmp_path / "results" / "latest-selection")):
        assert str(before) in text


def test_other_programs_before_the_tools_decide_nothing() -> None:
    sabotaged = run(passing(CASE, NFTABLES), NFTABLES, environment={"GAUNTLET_PROXY_PATH": "/saboteur"})
    assert headline(sabotaged, NFTABLES).answer == "Not decided"
    assert undecided(sabotaged) == (
        "nftables: programs of /saboteur stood before those that kube-proxy calls: not decided",
    )
    assert 'role="alert">Programs of /saboteur stood before' in page(sabotaged, Path("/nowhere"))


def test_a_case_is_of_the_experiment_that_its_parameter_names(tmp_path: Path) -> None:
    folder = SuiteFolder.make(
        tmp_path,
        "@pytest.mark.parametrize('scenario', ['flush-nat', 'other'])\ndef test_a(judge, scenario):\n    judge(GOOD)\n",
    )
    _, printed = folder.run("-k", "flush-nat", "--kp-modes", "iptables,nftables")
    assert "1 passed, 1 skipped, 2 deselected" in printed
    (skip,) = folder.results().skipped
    assert skip.case == "suites/test_it.py::test_a[flush-nat]"
    assert "no iptables chain that could be flushed" in skip.reason
