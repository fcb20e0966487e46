"""Subjects, workers, options that cannot work, and Ctrl-C."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
from pathlib import Path

import pytest

from gauntlet.cli.upgrade_cases import came_to, require_undisturbed
from gauntlet.ground.finding import Verdict
from gauntlet.ground.waiting import until
from gauntlet.report.summary import summary
from tests.programs.suite_folder import SuiteFolder

PARAMETRIZED = """
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_serves(judge, protocol):
    judge(GOOD)
"""
FAILING = """
@pytest.mark.parametrize("protocol", ["udp"])
def test_fails(judge, protocol):
    judge(Finding("bad", Verdict.FAIL, "it does not work"))
"""
WORKER = """
@pytest.mark.parametrize("number", range(4))
def test_where(judge, number):
    judge(Finding(os.environ["PYTEST_XDIST_WORKER"], Verdict.PASS, ""))
"""
# As long as it takes the other worker of the subject to begin.
DECLARED = """
import time
@pytest.mark.declared
@pytest.mark.parametrize("number", range(4))
def test_declared(judge, number):
    judge(Finding(os.environ["PYTEST_XDIST_WORKER"], Verdict.PASS, ""))
def test_alone(judge):
    time.sleep(1)
    judge(Finding(os.environ["PYTEST_XDIST_WORKER"], Verdict.PASS, ""))
"""
AUDIT = """
@pytest.mark.audit
@pytest.mark.usefixtures("cluster_number")
def test_audit(judge):
    judge(Finding(os.environ["PYTEST_XDIST_WORKER"], Verdict.PASS, ""))
"""
WAITING = """
def test_waits(judge):
    Path("began").touch()
    import threading
    threading.Event().wait(60)
"""


def test_ids_end_in_the_mode(tmp_path: Path) -> None:
    code, printed = SuiteFolder.make(tmp_path, PARAMETRIZED).run("--co", "-q")
    assert code == 0
    ids = [line for line in printed.splitlines() if "::" in line]
    assert ids == [
        f"suites/test_it.py::test_serves[{protocol}-{mode}]"
        for mode in ("iptables", "nftables")
        for protocol in ("tcp", "udp")
    ]
    assert not (tmp_path / "results").exists(), "listing cases keeps no results"


def test_several_subjects_of_one_mode_have_names_ids_and_clusters_of_their_own(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, PARAMETRIZED)
    code, printed = folder.run("-v", "-p", "no:randomly", "--kp-subjects", "nftables@1.37,next=nftables@1.37+SomeGate")
    assert code == 0, printed
    passed = [line.partition("::")[2].partition("]")[0] for line in printed.splitlines() if "PASSED" in line]
    assert passed == [
        f"test_serves[{protocol}-{name}" for name in ("nftables@1.37", "next") for protocol in ("tcp", "udp")
    ]
    assert {file.name for file in tmp_path.glob("down-*")} == {"down-nftables@1.37", "down-next"}


def test_a_case_of_a_subject_runs_again_by_its_id_and_the_printed_options(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, FAILING)
    (tmp_path / "fields.yaml").write_text(
        "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"
    )
    _, printed = folder.run("--kp-subjects", "next=nftables@1.37+SomeGate+./fields.yaml", "--kp-seed=7")
    (line,) = {line for line in printed.splitlines() if line.startswith("run this case again: ")}
    again = line.removeprefix("run this case again: ")
    assert again == (
        "pytest 'suites/test_it.py::test_fails[udp-next]' "
        f"--kp-subjects=next=nftables@1.37+SomeGate+{tmp_path}/fields.yaml --kp-seed=7"
    )
    _, printed = folder.run(*shlex.split(again)[1:])
    assert line in printed


def test_modes_run_one_after_the_other_with_one_cluster_each(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, PARAMETRIZED)
    code, printed = folder.run("-v", "-p", "no:randomly")
    assert code == 0, printed
    modes = [line.split("]")[0].rsplit("-", 1)[1] for line in printed.splitlines() if "PASSED" in line]
    assert modes == ["iptables", "iptables", "nftables", "nftables"]


def test_each_worker_keeps_to_one_mode(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, WORKER)
    code, printed = folder.run("-n", "2")
    assert code == 0, printed
    workers = {
        mode: {check for findings in folder.verdicts(mode).values() for check, _ in findings}
        for mode in ("iptables", "nftables")
    }
    assert sorted(map(sorted, workers.values())) == [["gw0"], ["gw1"]]


def test_two_workers_of_a_mode_share_its_cases_and_one_has_all_declared_ones(tmp_path: Path) -> None:
    folder = SuiteFolder.make(tmp_path, DECLARED)
    for number in range(5):
        shutil.copy(tmp_path / "suites" / "test_it.py", tmp_path / "suites" / f"test_too_{number}.py")
    with (tmp_path / "suites" / "test_it.py").open("a") as first:
        first.write(AUDIT)
    code, printed = folder.run("-n", "4", "-v")
    assert code == 0, printed
    by_mode = {mode: _workers(folder, mode) for mode in ("iptables", "nftables")}
    assert {len({*together, *alone}) for together, alone in by_mode.values()} == {2}
    assert {len(together) for together, _ in by_mode.values()} == {1}
    assert {len(alone) for _, alone in by_mode.values()} == {2}
    assert not set.intersection(*({*together, *alone} for together, alone in by_mode.values()))
    ended = [line.split()[0] for line in printed.splitlines() if "PASSED" in line and "::test_audit[" in line]
    assert len(ended) == len(set(ended)) == 4, printed
    last = {line.split()[0]: line for line in printed.splitlines() if "PASSED" in line}
    assert all("::test_audit[" in line for line in last.values()), printed


def _workers(folder: SuiteFolder, mode: str) -> tuple[set[str], set[str]]:
    """Those that ran declared cases of a mode, and those that ran others."""
    found = folder.results().findings
    return (
        {each.check for each in found if each.subject == mode and "declared" in each.case},
        {each.check for each in found if each.subject == mode and "alone" in each.case},
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--kp-modes", "iptable"], "unknown mode 'iptable'"),
        (["--kp-modes", "nftables", "--kp-node-kernel", "own"], "cannot run kube-proxy in nftables mode"),
        (["--kp-subjects", "nftables@1.28"], "kube-proxy 1.28 does not have nftables mode: it came with 1.29"),
        (["--kp-subjects", "nftables,next=nftables+gate"], "is neither a feature gate nor a YAML file"),
        (["--kp-subjects", "a-b=nftables,b=iptables"], "names that could be taken for one another, a-b and b"),
        (["--kp-subjects", "iptables", "--kp-modes", "iptables"], "--kp-modes and --kp-subjects exclude each other"),
        (["--kp-subjects", "iptables@1.36.99"], "Kubernetes 1.36.99 is not pinned"),
        (["--kp-subjects", "iptables@/bin/true"], "does not say a version of Kubernetes"),
        (["--kp-provider", "clouds"], "no provider 'clouds'"),
        (["--kp-results", "pytest.ini"], "is not writable"),
        (["--kp-slos", "slos"], "slos/experiments/kill-proxy.yaml:1: unknown field `availabilty`"),
        (["--kp-version", "newest"], "'newest' is not a Kubernetes version"),
        (["--kp-version", "1.2", "--kp-modes", "iptables"], "Kubernetes 1.2 is not pinned"),
    ],
)
def test_what_cannot_work_is_said_before_any_cluster_is_made(tmp_path: Path, options: list[str], words: str) -> None:
    folder = SuiteFolder.make(tmp_path, "@pytest.mark.needs('strict-arp')\ndef test_a(judge):\n    judge(GOOD)\n")
    _bad_slos(tmp_path / "slos")
    code, printed = folder.run("-n", "2", *options)
    assert code == 4, printed
    assert words in printed
    assert "remedy:" in printed
    assert not list(tmp_path.glob("up-*"))


def _bad_slos(folder: Path) -> None:
    from gauntlet.ground.paths import project_root

    (folder / "experiments").mkdir(parents=True)
    (folder / "default.yaml").write_text((project_root() / "slos" / "default.yaml").read_text())
    (folder / "experiments" / "kill-proxy.yaml").write_text("availabilty: 1.0\n")


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "worker"])
def test_interrupt_tears_the_cluster_down(tmp_path: Path, workers: list[str]) -> None:
    folder = SuiteFolder.make(tmp_path, WAITING)
    child = folder.start("--kp-modes", "iptables", *workers)
    until((tmp_path / "began").exists, what="the case begins", deadline_s=60)
    os.killpg(child.pid, signal.SIGINT)
    printed, _ = child.communicate(timeout=60)
    assert child.returncode == 2, printed
    assert (tmp_path / "down-iptables").exists()
    results = folder.results()
    assert results.incomplete == "interrupted: 0 of 1 cases had not begun"
    (found,) = results.findings
    assert (found.check, found.verdict) == ("interrupted", Verdict.INCONCLUSIVE)
    assert "it decides nothing" in summary(results)


@pytest.mark.parametrize("cases", [0, 1])
def test_a_file_that_cannot_be_collected_interrupts_nothing(tmp_path: Path, cases: int) -> None:
    """pytest itself ends by the code of an interruption then; an upgrade, whose cases these may be, goes on."""
    folder = SuiteFolder.make(tmp_path, "def test_a(judge):\n    judge(GOOD)\n" * cases)
    (tmp_path / "suites" / "test_broken.py").write_text("import nowhere\n")
    code, printed = folder.run("--kp-modes", "iptables")
    assert code == 1, printed
    results = folder.results()
    missing = f"not collected: suites/test_broken.py; 1 error during collection: {cases} of {cases} cases had not begun"
    assert (results.incomplete, results.verdict, results.findings) == (missing, Verdict.INCONCLUSIVE, ())
    require_undisturbed(code)
    found = came_to(tmp_path / "results" / "latest", code, tmp_path, tmp_path / "pytest.log").finding()
    assert (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, missing)
