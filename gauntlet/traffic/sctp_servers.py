"""Servers of SCTP, one in the network of each backend that is to have one."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.traffic import sctp_server

_END_WITHIN_S = 5.0


class SctpServers:
    """`hosts` by the names that their servers answer with. They are started when they are needed first."""

    def __init__(self, hosts: Mapping[str, Host], port: int) -> None:
        self._hosts = hosts
        self._port = port
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def ensure(self) -> None:
        """Return when all of them serve. Raises Inconclusive if one cannot, or has ended since."""
        starting = {name: self._start(name) for name in self._hosts if name not in self._processes}
        self._processes |= starting
        for name, process in starting.items():
            assert process.stdout is not None
            if process.stdout.readline() != sctp_server.READY:
                self._give_up(name)
        for name, process in self._processes.items():
            if process.poll() is not None:
                self._give_up(name)

    def close(self) -> None:
        """End all of them. Safe to repeat."""
        for process in self._processes.values():
            try:
                process.communicate(timeout=_END_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        self._processes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, name: str) -> subprocess.Popen[str]:
        host = self._hosts[name]
        return host.spawn_module(
            sctp_server.__name__,
            [name, str(self._port), *host.addresses],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _give_up(self, name: str) -> None:
        """The next time it is started anew."""
        process = self._processes.pop(name)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_WITHIN_S)
        process.kill()
        said = process.communicate()[1].strip()
        raise Inconclusive(f"no server of SCTP on {self._hosts[name].name}: {said or 'it ended, no word why'}")
