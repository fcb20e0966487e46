"""The machine of the driver itself, as a host outside of somebody's cluster."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from gauntlet.cluster import CommandFailed, Completed, HostKind
from gauntlet.nodes import python
from gauntlet.nodes.namespaced import TIMED_OUT


@dataclass(frozen=True)
class LocalHost:
    """Commands are children of this process. `address` is the one that nodes are reached from."""

    address: str
    name: str = "outside"
    kind: HostKind = HostKind.OUTSIDE
    node: str | None = None

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        try:
            done = subprocess.run(
                list(argv),
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            late = Completed(tuple(argv), TIMED_OUT, "", f"not done after {timeout_s:g} s")
            raise CommandFailed(self.name, late) from None
        completed = Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
        if check and completed.code != 0:
            raise CommandFailed(self.name, completed)
        return completed

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            list(argv),
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
            # Ctrl-C is for the run, which then ends what it started in order.
            start_new_session=True,
        )

    def spawn_module(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        argv = python.running(module, arguments)
        return self.spawn(argv, env=python.ENVIRONMENT, stdin=stdin, stdout=stdout, stderr=stderr)
