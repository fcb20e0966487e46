"""The command line: help, usage errors, exit codes, and signals on their way to pytest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gauntlet.cli import pytestrun
from gauntlet.cli.main import main
from gauntlet.cli.pytest_arguments import last_value, without
from gauntlet.ground import profiles
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import ExitCode, UsageError
from gauntlet.ground.profiles import PROFILES, parse_modes, pytest_options
from gauntlet.ground.waiting import until


def gauntlet(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands(main)), ids=lambda path: " ".join(path) or "gauntlet")
def test_help_at_every_level(path: tuple[str, ...]) -> None:
    said = gauntlet(*path, "--help")
    assert said.exit_code == 0
    assert "Usage: " in said.output
    assert "..." not in said.output.partition("Commands:")[2], "a short help that is cut off"


def test_profiles_are_explained() -> None:
    said = gauntlet("run", "--help").output
    assert all(profile.summary in said for profile in PROFILES.values())


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "--modes", "ipvz"], "unknown mode 'ipvz'"),
        (["run", "--modes", ""], "no mode was named"),
        (["run", "--subjects", "nftables@1.28"], "kube-proxy 1.28 does not have nftables mode: it came with 1.29"),
        (["run", "--subjects", "iptables@1.37.1"], "Kubernetes 1.37.1 is not pinned"),
        (["run", "--subjects", "iptables@./kube-proxy"], "there is no program kube-proxy"),
        (["run", "--subjects", "iptables,a=iptables,a=nftables"], "have the same name, a"),
        (["run", "--kp-subjects", "iptables", "--modes", "iptables"], "--subjects and --modes exclude each other"),
        (["run", "--subjects", "iptables", "--", "--kp-modes=iptables"], "--subjects and --modes exclude each other"),
        (["run", "--subjects", ""], "--subjects is empty"),
        (["run", "--", "--kp-subjects", "nftables@1.28"], "kube-proxy 1.28 does not have nftables mode"),
        (["cluster", "up", "--subject", "nftables,iptables@1.36"], "a cluster has one mode and one version"),
        (["cluster", "up", "--subject", "nftables", "--mode", "nftables"], "--subject and --mode exclude each other"),
        (["run", "--profile", "gat"], "gat"),
        (["run", "--no-such-option"], "--no-such-option"),
        (["cluster", "up", "--mode", "iptables,nftables"], "a cluster has one mode"),
        (["cluster", "up", "--provider", "cloud"], "no provider 'cloud'"),
        (["cluster", "up", "--provider", "kind", "--node-kernel", "own"], "kind nodes share this machine's kernel"),
        (["cluster", "shell", "node-1", "--name", "nobody"], "no cluster 'nobody' runs"),
        (["cluster", "kubeconfig"], "no cluster runs"),
        (["heal", "--name", "nobody"], "no cluster 'nobody' runs"),
        (["binaries", "--version", "1.2"], "Kubernetes 1.2 is not pinned"),
        (["report", "."], "no results.json"),
    ],
    ids=lambda value: "" if isinstance(value, str) else " ".join(value),
)
def test_usage_errors(arguments: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    said = gauntlet(*arguments)
    assert said.exit_code == ExitCode.USAGE
    assert named in said.output
    assert "Traceback" not in said.output


def test_what_cannot_be_a_subject_is_told_in_two_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = gauntlet("run", "--kp-subjects", "userspace@1.26")
    assert said.exit_code == ExitCode.USAGE
    error, remedy = said.output.splitlines()
    assert error == "error: kube-proxy 1.26 does not have userspace mode: the last version with it is 1.25"
    assert remedy == "  remedy: choose a version up to 1.25, or another mode"
    assert not list(tmp_path.iterdir()), "not even a folder for results"


BLANK_NAMES = [
    ["adopt", "--yes", "--context"],
    ["adopt", "--undo", "--context"],
    ["heal", "--name"],
    ["cluster", "down"],
    ["cluster", "kubeconfig"],
    ["cluster", "shell", "node-1", "--name"],
    ["inspect", "node-1", "--name"],
    ["inspect", "node-1", "--cluster"],
    ["doctor", "--cluster", "--context"],
    ["doctor", "--cluster", "--allow-context"],
    ["doctor", "--cluster", "--client-image"],
]


@pytest.mark.parametrize("blank", ["", " "], ids=["empty", "blank"])
@pytest.mark.parametrize("arguments", BLANK_NAMES, ids=" ".join)
def test_an_empty_name_does_not_mean_whichever(
    arguments: list[str], blank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    (tmp_path / "state" / "kube-proxy-gauntlet" / "clusters" / "other").mkdir(parents=True)
    said = gauntlet(*arguments, blank)
    assert said.exit_code == ExitCode.USAGE
    assert " is empty\n  remedy: is a variable of your script not set?" in said.output
    assert (tmp_path / "state" / "kube-proxy-gauntlet" / "clusters" / "other").exists()


def test_results_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = gauntlet("run", "--results", str(tmp_path / "file" / "results"))
    assert said.exit_code == ExitCode.USAGE
    assert "is not writable" in said.output
    assert "remedy: choose a folder you may write to with --results" in said.output


def test_nothing_to_heal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    said = gauntlet("heal")
    assert (said.exit_code, said.output) == (0, "no cluster runs; nothing to heal\n")


def test_parse_modes() -> None:
    assert parse_modes("nftables, iptables,nftables") == ("nftables", "iptables")
    with pytest.raises(UsageError, match="unknown mode 'x', 'y'"):
        parse_modes("x,iptables,y")


def test_modes_are_those_of_the_library() -> None:
    assert parse_modes(",".join(ProxyMode)) == tuple(ProxyMode)


def test_gate_options() -> None:
    options = pytest_options(PROFILES["gate"], ("iptables", "nftables"), Path("/r"), ["-k", "udp"])
    assert options == [
        "--kp-modes=iptables,nftables", "--kp-results=/r", "--kp-profile=gate", "-m", "gate", "-n", "2",
        "-k", "udp",
    ]  # fmt: skip


def test_subjects_are_passed_on_as_they_are_written() -> None:
    written = ("iptables@1.36", "iptables@1.37", "next=nftables@1.37+Gate")
    options = pytest_options(PROFILES["smoke"], written, Path("/r"), [])
    assert options[0] == "--kp-subjects=iptables@1.36,iptables@1.37,next=nftables@1.37+Gate"
    assert options[options.index("-n") + 1] >= "2"


def test_options_of_pytest_that_name_subjects_are_found_and_taken_out() -> None:
    words = ("-k", "udp", "--kp-subjects", "a", "--kp-subjects=b=iptables", "--kp-seed=7")
    assert last_value(words, "--kp-subjects") == "b=iptables"
    assert last_value(words, "--kp-version") is None
    assert without(words, "--kp-subjects") == ("-k", "udp", "--kp-seed=7")


@pytest.mark.parametrize(
    ("processors", "gib", "subjects", "workers"),
    [
        (1, 9, 2, 2), (2, 9, 1, 2), (2, 9, 2, 2), (3, 9, 2, 2), (4, 9, 2, 4), (4, 9, 3, 3), (64, 90, 1, 2),
        (64, 90, 4, 8), (2, 9, 4, 2), (4, 5, 2, 2), (4, None, 2, 4),
    ],
)  # fmt: skip
def test_subjects_have_two_clusters_each_where_processors_bear_them(
    processors: int, gib: int | None, subjects: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    monkeypatch.setattr(profiles, "available_bytes", lambda: gib and gib << 30)
    written = [f"a{number}=iptables" for number in range(subjects)]
    options = pytest_options(PROFILES["gate"], written, Path("/r"), ["--kp-seed=7"], clusters=2)
    assert options[options.index("-n") + 1] == str(workers)


@pytest.mark.parametrize("words", [["-k", "udp"], ["--pdb"], ["suites/chaos"], ["--kp-seed", "7"]])
def test_a_few_cases_of_one_mode_need_no_workers(words: list[str]) -> None:
    assert "-n" not in pytest_options(PROFILES["gate"], ("nftables",), Path("/r"), words, clusters=2)


@pytest.mark.parametrize(
    ("code", "ours"),
    [(0, ExitCode.OK), (1, ExitCode.FAILED), (2, ExitCode.FAILED), (3, ExitCode.FAILED), (-9, ExitCode.FAILED),
     (4, ExitCode.USAGE), (5, ExitCode.USAGE)],
)  # fmt: skip
def test_exit_codes_of_pytest(code: int, ours: ExitCode) -> None:
    assert pytestrun.exit_code(code) is ours


PATIENT = """
import pathlib, time, pytest

@pytest.fixture
def cluster():
    pathlib.Path("up").touch()
    yield
    time.sleep(0.5)
    with open("cleared", "a") as file:
        file.write("once\\n")

def test_waits(cluster):
    time.sleep(300)
"""
RUN = "import sys; from pathlib import Path; from gauntlet.cli import pytestrun; sys.exit(abs(pytestrun.run_pytest(sys.argv[2:], Path(sys.argv[1]))))"  # noqa: E501


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_pytest_clears_up_when_the_run_is_told_to_end(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "test_patient.py").write_text(PATIENT)
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path), "-q", "-p", "no:cacheprovider", "test_patient.py"],
        stdout=subprocess.DEVNULL,
    )
    until((tmp_path / "up").exists, what="the case runs", deadline_s=60)
    cleared = tmp_path / "cleared"
    run.send_signal(number)
    until(lambda: cleared.exists() and cleared.read_text(), what="the fixture is torn down", deadline_s=60)
    code = run.wait(timeout=60)
    assert cleared.read_text() == "once\n"
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else pytestrun.PytestExit.INTERRUPTED)


def test_ctrl_c_in_a_terminal_reaches_pytest_once(tmp_path: Path) -> None:
    # A terminal signals every process of its foreground group; the run must not double that.
    (tmp_path / "test_patient.py").write_text(PATIENT)
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path), "-q", "-p", "no:cacheprovider", "test_patient.py"],
        stdout=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip
    until((tmp_path / "up").exists, what="the case runs", deadline_s=60)
    subprocess.run(["kill", "-INT", "--", f"-{run.pid}"], check=True)
    assert run.wait(timeout=60) == pytestrun.PytestExit.INTERRUPTED
    assert (tmp_path / "cleared").read_text() == "once\n"
