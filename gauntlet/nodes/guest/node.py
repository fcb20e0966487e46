"""Nodes with a kernel of their own: how commands reach them, and the switches of their machines."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gauntlet.ground import python
from gauntlet.ground.cluster import CommandFailed, Completed, HostKind, MachineState, NodeKernel
from gauntlet.ground.family import Addressed
from gauntlet.ground.paths import SYSTEM_PATH, project_root
from gauntlet.nodes import clock, command
from gauntlet.nodes.clock import ClockOffset
from gauntlet.nodes.exchange import carry_out
from gauntlet.nodes.guest.command import DOWN
from gauntlet.nodes.guest.settings import TOOLS
from gauntlet.nodes.switchboard import GuestDown, Switchboard, Wish
from gauntlet.proxy import finder

PATH = f"{TOOLS}:{SYSTEM_PATH}"
_MAIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gauntlet.nodes.guest.command import main; main()"
# The steward answers when it is done; it has deadlines of its own, shorter than this.
_SWITCH_S = 60.0
_CLOCK_S = 10.0


def stand_in(switchboard: Switchboard, guest: str, argv: Sequence[str]) -> list[str]:
    """The command that stands in for `argv` in a guest. Its environment is that of `argv`."""
    return [sys.executable, "-I", "-S", "-c", _MAIN, str(project_root()), str(switchboard.path), guest, *argv]


def start_in_guest(
    switchboard: Switchboard,
    guest: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    stdin: int | IO[str] | None = None,
    stdout: int | IO[str] | None = None,
    stderr: int | IO[str] | None = None,
) -> subprocess.Popen[str]:
    """Start a process that stands in for a command in a guest. Without `stdin` that is /dev/null."""
    return command.spawn(stand_in(switchboard, guest, argv), env, stdin=stdin, stdout=stdout, stderr=stderr)


@dataclass(frozen=True)
class GuestHost(Addressed):
    """A guest of a world, or a pod in the network of one.

    Of a guest that does not run, commands end with 255, as those of ssh(1) do. A child that a command
    leaves behind keeps running, but what it writes to the command's streams is lost.
    """

    switchboard: Switchboard
    name: str
    kind: HostKind
    node: str
    addresses: tuple[str, ...]

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        deadline = time.monotonic() + timeout_s
        data = None if stdin is None else stdin.encode()
        try:
            with self.switchboard.dial(self.node, timeout_s=timeout_s) as line:
                code, out, err = carry_out(line, argv, _environment({}), data, deadline)
        except TimeoutError:
            raise command.late(self.name, argv, timeout_s) from None
        except GuestDown as down:
            code, out, err = DOWN, b"", str(down).encode()
        return command.concluded(
            self.name, argv, (code, out.decode(errors="replace"), err.decode(errors="replace")), check=check
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
        return start_in_guest(
            self.switchboard,
            self.node,
            argv,
            env=_environment(env or {}),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
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


@dataclass(frozen=True)
class GuestNode(GuestHost):
    """A node with a kernel of its own: see gauntlet.ground.cluster.OwnKernelNode for its switches.

    `log` is where its kube-proxy's output goes.
    """

    pod_cidrs: tuple[str, ...]
    log: Path
    kernel: NodeKernel = NodeKernel.OWN

    def proxy_pid(self) -> int | None:
        try:
            return finder.pid_on(self)
        except CommandFailed as error:
            if error.completed.code == DOWN:  # on a machine that is off nothing runs
                return None
            raise

    def proxy_log(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def crash(self) -> None:
        self._switch(Wish.CRASH)

    def stop(self) -> None:
        self._switch(Wish.STOP)

    def freeze(self) -> None:
        self._switch(Wish.FREEZE)

    def thaw(self) -> None:
        self._switch(Wish.THAW)

    def boot(self, *, hidden_modules: Sequence[str] = ()) -> None:
        self.switchboard.ask(self.node, Wish.BOOT, timeout_s=_SWITCH_S, hidden_modules=hidden_modules)

    def state(self) -> MachineState:
        return MachineState(self.switchboard.ask(self.node, Wish.STATE, timeout_s=_SWITCH_S))

    def clock_offset(self) -> ClockOffset:
        """Measure how the guest's clock and this machine's differ. Raises GuestDown and TimeoutError."""
        with self.switchboard.dial(self.node, timeout_s=_CLOCK_S) as line:
            return clock.measure(line.agent, _CLOCK_S)

    def _switch(self, wish: Wish) -> None:
        self.switchboard.ask(self.node, wish, timeout_s=_SWITCH_S)


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PATH": PATH, **added}
