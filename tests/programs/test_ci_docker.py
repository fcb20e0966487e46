"""ci/docker: what it refuses. That it starts and ends a daemon is shown where one may be started (docs/kind.md)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gauntlet.ground.paths import project_root


def run(
    *arguments: str, name: str = "gauntlet-never-started", programs: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """`programs` is a folder whose programs are found before the machine's."""
    path = os.environ["PATH"] if programs is None else f"{programs}:{os.environ['PATH']}"
    environment = {**os.environ, "GAUNTLET_DOCKER": name, "PATH": path}
    return subprocess.run(
        [str(project_root() / "ci/docker"), *arguments], capture_output=True, text=True, env=environment, check=False
    )


@pytest.mark.parametrize("arguments", [(), ("start",), ("--help",)])
def test_anything_else_than_its_commands_shows_how_to_use_it(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert "ci/docker exec CMD" in done.stderr
    assert "set -euo" not in done.stderr


@pytest.mark.parametrize("arguments", [("env",), ("exec", "true")])
def test_without_a_daemon_it_says_how_to_start_one(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert "start it: ci/docker up" in done.stderr


def test_exec_needs_a_command() -> None:
    assert "exec needs a command" in run("exec").stderr


@pytest.mark.parametrize("name", ["docker", "gauntlet", "gauntlet-/../docker", "..", "gauntlet-*"])
def test_what_may_be_somebody_elses_is_not_taken_for_its_own(name: str) -> None:
    """All that is named so below /run and /var/lib is deleted when it starts, and when it ends."""
    done = run("env", name=name)

    assert done.returncode == 2
    assert f"GAUNTLET_DOCKER={name} is not a name for this daemon" in done.stderr


@pytest.fixture
def dead_daemon(tmp_path: Path) -> Path:
    """Programs of a machine that has all that a daemon takes. Whatever would make a namespace says a word and ends."""
    for name in ("dockerd", "debootstrap", "ip", "iptables", "runc", "docker", "nsenter"):
        (tmp_path / name).write_text('#!/bin/sh\necho "failed to start daemon: no space left" >&2\n')
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="ci/docker up is for root alone")
def test_a_daemon_that_does_not_start_is_a_failure_and_shows_its_log(dead_daemon: Path) -> None:
    """Not something that the machine lacks (2), for which CI leaves the gate on kind out."""
    name = f"gauntlet-dead-{os.getpid()}"
    log = Path(f"/tmp/{name}.log")
    try:
        done = run("up", name=name, programs=dead_daemon)

        assert (done.returncode, done.stdout) == (1, "")
        assert "failed to start daemon: no space left" in done.stderr
        assert f"the daemon did not start, or not within 30 s; its log: {log}" in done.stderr
        assert "no space left" in log.read_text()
        assert not any(folder.exists() for folder in (Path("/run", name), Path("/var/lib", name)))
    finally:
        log.unlink(missing_ok=True)
