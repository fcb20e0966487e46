"""ci/docker: what it refuses. That it starts and ends a daemon is shown where one may be started (docs/kind.md)."""

from __future__ import annotations

import os
import subprocess

import pytest

from gauntlet.ground.paths import project_root


def run(*arguments: str, name: str = "gauntlet-never-started") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GAUNTLET_DOCKER": name}
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
