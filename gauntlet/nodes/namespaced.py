"""Reaches hosts that are namespaces of a private world, by entering them with nsenter(1)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gauntlet.ground import python
from gauntlet.ground.cluster import Completed, HostKind, NodeKernel
from gauntlet.ground.family import Addressed
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.nodes import command
from gauntlet.proxy import finder


@dataclass(frozen=True)
class World:
    """How to enter a world: its first process, as this process counts, and whether it has a user namespace."""

    init_pid: int
    user_namespace: bool

    def enter(self, pid: int, namespaces: Sequence[str], argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` in these namespaces of the process `pid` (as the world counts).

        It is killed when the command that this returns is.
        """
        outer = ["nsenter", f"--target={self.init_pid}", "--mount", "--net", "--pid"]
        if self.user_namespace:
            outer += ["--user", "--preserve-credentials"]
        inner = ["nsenter", f"--target={pid}", *namespaces, "--"]
        return [*outer, "--", *inner, "setpriv", "--pdeathsig", "KILL", "--", *argv]


@dataclass(frozen=True)
class NamespacedHost(Addressed):
    """A pod, node or outside host of a world. `pid` holds its namespaces, as the world counts.

    Commands see the world's file system. On a node they see the node's /run (with the iptables lock);
    in a pod they stay outside the pod's private /tmp, as tools of the host do.
    """

    world: World
    name: str
    kind: HostKind
    node: str | None
    addresses: tuple[str, ...]
    pid: int

    def _enter(self, argv: Sequence[str]) -> list[str]:
        namespaces = ["--net", "--uts"] if self.kind is HostKind.POD else ["--net", "--uts", "--mount"]
        return self.world.enter(self.pid, namespaces, argv)

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        return command.run(
            self.name, argv, self._enter(argv), _environment({}), stdin=stdin, timeout_s=timeout_s, check=check
        )

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        return command.spawn(self._enter(argv), _environment(env or {}), stdin=stdin, stdout=stdout, stderr=stderr)

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


@dataclass(frozen=True)
class NamespacedNode(NamespacedHost):
    """A node of a world. `log` is where its kube-proxy's output goes."""

    pod_cidrs: tuple[str, ...]
    log: Path
    kernel: NodeKernel = NodeKernel.HOST

    def proxy_pid(self) -> int | None:
        return finder.pid_on(self)

    def proxy_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PATH": SYSTEM_PATH, **added}
