"""A private network world for traffic tests: namespaces of its own, loopback only, gone with its first process."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from gauntlet.ground import python
from gauntlet.ground.cluster import Completed, HostKind
from gauntlet.ground.family import Addressed
from gauntlet.ground.frames import pl
from gauntlet.ground.waiting import until
from gauntlet.nodes import command
from gauntlet.traffic import Load, Target, Traffic

ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class Backend:
    """One agnhost with a host name of its own. Its ports differ from others', as all share one network."""

    name: str
    http_port: int
    udp_port: int
    process: subprocess.Popen[str]

    def end(self) -> None:
        self.process.kill()
        self.process.wait(timeout=5)


class World(Addressed):
    """The world and, as a `Host`, the one client in it."""

    name = "client"
    kind = HostKind.POD
    node: str | None = "node-1"
    addresses = (ADDRESS, "::1")

    def __init__(self, agnhost: Path, logs: Path) -> None:
        self._agnhost = agnhost
        self._logs = logs
        self._first = subprocess.Popen(
            ["unshare", "-Urnm", "--", "sh", "-c", "ip link set lo up && echo up && exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack = ExitStack()
        assert self._first.stdout is not None
        assert self._first.stdout.readline() == "up\n", "this machine does not let us make namespaces"

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        entered = [*self._enter(), *argv]
        return command.run(self.name, argv, entered, os.environ, stdin=stdin, timeout_s=timeout_s, check=check)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        settings = [f"{name}={value}" for name, value in (env or {}).items()]
        process = subprocess.Popen(
            [*self._enter(), "env", *settings, *argv], stdin=stdin, stdout=stdout, stderr=stderr, text=True
        )
        self._stack.callback(self._end, process)
        return process

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

    def backend(self, name: str, *, http_port: int, udp_port: int, override: str = "") -> Backend:
        """Start an agnhost and wait until it serves. With `override` it answers every path as if it were that."""
        serve = [str(self._agnhost), "netexec", f"--http-port={http_port}", f"--udp-port={udp_port}"]
        if override:
            serve.append(f"--http-override={override}")
        with (self._logs / f"{name}.log").open("w") as log:
            process = self.spawn(
                ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name, *serve], stdout=log, stderr=log
            )
        until(
            lambda: (
                self.run(["sh", "-c", f"ss -Hltn sport = {http_port}; ss -Hlun sport = {udp_port}"]).stdout.count("\n")
                >= 2
            ),
            what=f"backend {name} serves",
            deadline_s=20,
        )
        return Backend(name, http_port, udp_port, process)

    def nft(self, rules: str) -> None:
        self.run(["nft", "-f", "-"], stdin=rules)

    def close(self) -> None:
        self._stack.close()
        assert self._first.stdin is not None
        self._first.stdin.close()
        self._first.wait(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enter(self) -> list[str]:
        return ["nsenter", "-t", str(self._first.pid), "-U", "-n", "-m", "--preserve-credentials", "--"]

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=5)


def four_times(traffic: Traffic, world: World, target: Target, outcome: str) -> pl.DataFrame:
    """The attempts of two users (ATTEMPTS schema), each of which has to come out so."""
    # Looking up a name may take the resolver longer than the network takes for anything else.
    timeout_s = 0.2 if outcome == "timeout" else 20.0
    frame = traffic.send(world, Load(target, users=2, attempts=4, timeout_s=timeout_s))
    assert frame["outcome"].to_list() == [outcome] * 4, frame["error"].to_list()
    return frame
