"""How a command on a host ends, and commands that are children of this process."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

from gauntlet.ground.cluster import CommandFailed, Completed

TIMED_OUT = 124


def late(host: str, argv: Sequence[str], timeout_s: float) -> CommandFailed:
    """The error of a command that did not end in time."""
    return CommandFailed(host, Completed(tuple(argv), TIMED_OUT, "", f"not done after {timeout_s:g} s"))


def concluded(host: str, argv: Sequence[str], ended: tuple[int, str, str], *, check: bool) -> Completed:
    """A command that `ended` with code, output and complaints. Raises CommandFailed if a code but 0 matters."""
    completed = Completed(tuple(argv), *ended)
    if check and completed.code != 0:
        raise CommandFailed(host, completed)
    return completed


def run(
    host: str,
    argv: Sequence[str],
    entered: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: str | None,
    timeout_s: float,
    check: bool,
) -> Completed:
    """Run `argv` on a host that a child of this process reaches by the command `entered`."""
    try:
        done = subprocess.run(
            entered,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env=env,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise late(host, argv, timeout_s) from None
    return concluded(host, argv, (done.returncode, done.stdout, done.stderr), check=check)


def spawn(
    entered: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: int | IO[str] | None,
    stdout: int | IO[str] | None,
    stderr: int | IO[str] | None,
) -> subprocess.Popen[str]:
    """Start a child of this process. Ctrl-C is not for it but for the run, which then ends in order what it began."""
    return subprocess.Popen(
        entered,
        env=env,
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=stdout,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )
