"""Which cluster a command means, and what it leaves alone: one that a run is at work in, one that has faults in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauntlet.cli.main import main
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.journal.store import journal_in
from gauntlet.ground.paths import project_root, state_root
from gauntlet.providers.existing.record import state_dir
from tests.unit.existing import absent
from tests.unit.journal.process import HOLD, running

BIN = Path(sys.executable).parent
# Injects, as far as the journal tells, and goes on.
HURT = """
import sys
from gauntlet.ground.journal import lock
from tests.unit.existing import absent
lock.take("existing", sys.argv[1])
absent.hurt(sys.argv[1])
"""


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def at_work() -> Iterator[subprocess.Popen[str]]:
    """A process that uses the cluster `busy`."""
    absent.cluster("busy")
    with running(HOLD, "existing", "busy") as process:
        yield process


def gauntlet(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def everything() -> dict[str, bytes]:
    """All files of this user's state."""
    return {str(each): each.read_bytes() for each in state_root().rglob("*") if each.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["cluster", "kubeconfig"],
        ["cluster", "shell", "node-1", "--", "true"],
        ["inspect", "node-1"],
        ["cluster", "down"],
    ],
    ids=" ".join,
)
def test_without_a_name_the_cluster_of_a_run_is_not_meant(arguments: list[str], at_work: subprocess.Popen[str]) -> None:
    before = everything()
    said = gauntlet(*arguments)
    assert said.exit_code == ExitCode.USAGE
    assert f"existing/busy is in use by process {at_work.pid} " in said.output
    assert "remedy: name it if you mean it" in said.output
    assert everything() == before


def test_without_a_name_the_only_free_one_is_meant(at_work: subprocess.Popen[str]) -> None:
    free = absent.cluster("free")
    assert gauntlet("cluster", "kubeconfig").output == f"{free.kubeconfig}\n"
    assert gauntlet("cluster", "kubeconfig", "busy").output == f"{state_dir('busy')}/kubeconfig\n"
    listed = {line.split()[0]: line for line in gauntlet("cluster", "list").output.splitlines()}
    assert f"process {at_work.pid}" in listed["busy"]
    assert "process" not in listed["free"]


def test_a_cluster_in_use_is_not_deleted(at_work: subprocess.Popen[str]) -> None:
    before = everything()
    said = gauntlet("cluster", "down", "busy")
    assert said.exit_code == ExitCode.USAGE
    assert f"cluster busy is in use by process {at_work.pid} " in said.output
    said = gauntlet("cluster", "down", "--all")
    assert said.exit_code == ExitCode.FAILED
    assert f"busy: left alone: cluster busy is in use by process {at_work.pid} " in said.output
    assert "deleted" not in said.output
    assert everything() == before


@pytest.mark.parametrize("name", ["never-was", "sandbox/never-was", "..", "../existing/free", "/", "cloud/free"])
def test_a_name_that_never_was_is_a_usage_error(name: str) -> None:
    absent.cluster("free")
    before = everything()
    said = gauntlet("cluster", "down", name)
    assert said.exit_code == ExitCode.USAGE
    assert f"there is no cluster '{name}'" in said.output
    assert "running: free" in said.output
    assert "deleted" not in said.output
    assert everything() == before


def test_the_same_name_of_two_providers_has_to_be_told_apart() -> None:
    absent.cluster("play")
    (state_root() / "clusters" / "play").mkdir(parents=True)
    said = gauntlet("cluster", "down", "play")
    assert said.exit_code == ExitCode.USAGE
    assert "say which one you mean: existing/play or sandbox/play" in said.output
    assert gauntlet("cluster", "down", "sandbox/play").output == "play: deleted\n"
    assert not (state_root() / "clusters" / "play").exists()
    assert state_dir("play").exists()


@pytest.mark.parametrize("arguments", [["down", "hurt"], ["down", "--all"], ["down"]], ids=" ".join)
def test_the_journal_of_a_killed_run_is_not_deleted_before_its_faults_are_healed(arguments: list[str]) -> None:
    absent.cluster("hurt")
    with running(HURT, "hurt"):
        pass
    said = gauntlet("cluster", *arguments)
    assert said.exit_code == ExitCode.FAILED
    assert "flush-nat-1 on node-1" in said.output
    assert "deleted" not in said.output
    assert [each.fault_id for each in journal_in(state_dir("hurt")).open()] == ["flush-nat-1"]


def test_one_cluster_that_cannot_be_healed_does_not_keep_the_others_from_being_deleted() -> None:
    for name in ("hurt-1", "hurt-2"):
        absent.cluster(name)
        with running(HURT, name):
            pass
    said = gauntlet("cluster", "down", "--all")
    assert said.exit_code == ExitCode.FAILED
    for name in ("hurt-1", "hurt-2"):
        assert f"{name}: left as it is: 1 fault(s) of cluster {name} could not be healed" in said.output


def test_healing_leaves_the_faults_of_a_run_that_goes_on_alone() -> None:
    absent.cluster("hurt")
    with running(HURT, "hurt") as process:
        before = everything()
        said = gauntlet("heal", "--name", "hurt")
        assert said.exit_code == ExitCode.USAGE
        assert f"cluster hurt is in use by process {process.pid} " in said.output
        said = gauntlet("heal")
        assert said.exit_code == ExitCode.OK
        assert f"hurt: left alone: cluster hurt is in use by process {process.pid} " in said.output
        assert everything() == before


def test_a_cluster_that_cannot_be_healed_does_not_keep_the_others() -> None:
    for name in ("hurt-1", "hurt-2"):
        absent.cluster(name)
        with running(HURT, name):
            pass
    said = gauntlet("heal")
    assert said.exit_code == ExitCode.FAILED
    for name in ("hurt-1", "hurt-2"):
        assert f"1 fault(s) of cluster {name} could not be healed" in said.output
        assert [each.fault_id for each in journal_in(state_dir(name)).open()] == ["flush-nat-1"]


def test_a_second_run_on_a_cluster_in_use_is_refused_before_it_begins(
    tmp_path: Path, at_work: subprocess.Popen[str]
) -> None:
    before = everything()
    results = tmp_path / "results"
    kubeconfig = f"--kubeconfig={state_dir('busy') / 'kubeconfig'}"
    done = subprocess.run(
        [str(BIN / "gauntlet"), "run", "--profile=smoke", "--modes=iptables", f"--results={results}", "--", kubeconfig],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.USAGE, done.stdout + done.stderr
    assert f"cluster busy is in use by process {at_work.pid} " in done.stdout + done.stderr
    assert everything() == before


def test_an_experiment_on_a_cluster_in_use_is_refused_and_touches_nothing(
    tmp_path: Path, at_work: subprocess.Popen[str]
) -> None:
    """Not even to clear up: what it would make, another experiment may have made."""
    before = everything()
    done = subprocess.run(
        [str(BIN / "chaos"), "run", str(project_root() / "experiments" / "kill-proxy.yaml")],
        cwd=tmp_path,
        env={**os.environ, "KUBECONFIG": str(state_dir("busy") / "kubeconfig")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != ExitCode.OK
    assert f"cluster busy is in use by process {at_work.pid} " in done.stdout + done.stderr
    assert "not everything could be healed" not in done.stdout + done.stderr
    assert absent.SERVER not in done.stdout + done.stderr
    assert everything() == before
