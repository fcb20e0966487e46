"""A host of which a test says what its commands print, and which starts none in the background."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

from gauntlet.ground.cluster import HostKind
from gauntlet.ground.family import Addressed


class StandInHost(Addressed):
    """A node. Whoever derives from it says what `run` does."""

    name = "node-1"
    kind = HostKind.NODE
    node = "node-1"
    addresses = ("10.77.0.11",)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        raise NotImplementedError

    def spawn_module(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        raise NotImplementedError
