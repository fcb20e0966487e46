"""The machine of the driver itself, as a host outside of somebody's cluster."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from gauntlet.ground import python
from gauntlet.ground.cluster import Completed, HostKind
from gauntlet.ground.family import Addressed
from gauntlet.nodes import command


@dataclass(frozen=True)
class LocalHost(Addressed):
    """Commands are children of this process. `addresses` are those that nodes are reached from."""

    addresses: tuple[str, ...]
    name: str = "outside"
    kind: HostKind = HostKind.OUTSIDE
    node: str | None = None

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        return command.run(self.name, argv, argv, os.environ, stdin=stdin, timeout_s=timeout_s, check=check)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        return command.spawn(argv, {**os.environ, **(env or {})}, stdin=stdin, stdout=stdout, stderr=stderr)

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
