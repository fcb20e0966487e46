"""A record that cannot be read is told by its cluster's name, and keeps no other cluster from being used or healed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauntlet.cli.main import main
from gauntlet.doctor.check import State
from gauntlet.doctor.left_behind import left_behind
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.journal.store import journal_in
from gauntlet.ground.paths import state_root
from gauntlet.providers.existing.record import state_dir
from gauntlet.providers.sandbox.layout import LAYOUT
from gauntlet.providers.sandbox.running import INIT
from tests.unit.existing import absent
from tests.unit.existing.api_server import Server, serving


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    # No daemon: clusters of kind are told of by their files.
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


# The providers, by the folder of their clusters.
PROVIDERS = {"existing": "existing", "kind": "kind", "clusters": "sandbox"}
# What a record may be instead: another one, half of one, and what is no record at all.
WRITTEN = f'{{"name": "bad", "layout": "{LAYOUT}", "written": "by another version"}}'


@pytest.fixture(params=PROVIDERS)
def bad(request: pytest.FixtureRequest, server: Server) -> Path:
    """The folder of a cluster `bad`, of one of these providers; beside it is the cluster `good`, which is hurt."""
    folder = state_root() / str(request.param) / "bad"
    folder.mkdir(parents=True)
    (folder / "cluster.json").write_text(WRITTEN)
    absent.cluster("good", server.url)
    for hurt in ("good", "bad") if request.param == "existing" else ("good",):
        absent.hurt(hurt)
    return folder


def gauntlet(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def source(bad: Path) -> str:
    return PROVIDERS[bad.parent.name]


def files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_the_others_are_healed(bad: Path) -> None:
    before = files(bad)
    said = gauntlet("heal")
    assert said.exit_code == ExitCode.FAILED
    assert "good: 1 fault(s) healed" in said.output
    assert not state_dir("good").exists()
    assert f"{source(bad)}/bad: {bad}/cluster.json cannot be read" in said.output
    assert "did another version of the gauntlet write it?" in said.output
    assert files(bad) == before


def test_the_others_are_listed(bad: Path) -> None:
    for text in (WRITTEN, WRITTEN[:20], "[]", "{\n"):
        (bad / "cluster.json").write_text(text)
        said = gauntlet("cluster", "list")
        assert said.exit_code == ExitCode.FAILED
        assert "good  iptables" in said.output
        assert f"{source(bad)}/bad: {bad}/cluster.json cannot be read" in said.output
        assert files(bad)["cluster.json"].decode() == text


def test_the_check_of_the_machine_names_it(bad: Path) -> None:
    (check,) = left_behind(source(bad))
    assert (check.name, check.state) == (f"{source(bad)} cluster bad", State.NOTE)
    assert f"{bad}/cluster.json cannot be read" in check.detail


@pytest.mark.parametrize("name", ["bad", "PROVIDER/bad"])
def test_who_names_it_is_told_why(bad: Path, name: str) -> None:
    said = gauntlet("heal", "--name", name.replace("PROVIDER", source(bad)))
    assert said.exit_code == ExitCode.USAGE
    assert f"{bad}/cluster.json cannot be read" in said.output
    assert gauntlet("cluster", "kubeconfig", "good").exit_code == ExitCode.OK


@pytest.mark.parametrize("bad", ["existing"], indirect=True)
def test_of_all_that_are_to_go_it_is_left_with_its_journal(bad: Path) -> None:
    said = gauntlet("cluster", "down", "--all")
    assert said.exit_code == ExitCode.FAILED
    assert "good: deleted" in said.output
    assert f"bad: left as it is: {bad}/cluster.json cannot be read" in said.output
    assert [each.fault_id for each in journal_in(bad).open()] == ["flush-nat-1"]


@pytest.mark.parametrize("bad", ["clusters"], indirect=True)
@pytest.mark.parametrize("arguments", [["bad"], ["--all"]])
def test_a_sandbox_needs_no_record_to_be_ended(bad: Path, arguments: list[str]) -> None:
    """Its process has the state folder on its command line. That of another world is left alone."""
    spec, other = ({"name": "bad", "state_dir": str(folder)} for folder in (bad, bad.with_name("better")))
    # unshare(1) as /proc shows it.
    argv = ["unshare", "-c", "read _", "--", "python", "-m", INIT]
    worlds = [
        subprocess.Popen([*argv, json.dumps(each)], executable="/bin/sh", stdin=subprocess.PIPE)
        for each in (spec, other)
    ]
    try:
        said = gauntlet("cluster", "down", *arguments)
        assert said.exit_code == ExitCode.OK
        assert "bad: deleted\n" in said.output
        assert not bad.exists()
        assert [worlds[0].wait(timeout=60), worlds[1].poll()] == [-signal.SIGKILL, None]
    finally:
        for each in worlds:
            each.kill()
            each.wait()
