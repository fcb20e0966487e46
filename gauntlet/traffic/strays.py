"""Segments out of window, sent by a backend to whoever asks it."""

from __future__ import annotations

import subprocess
from typing import Self

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.traffic import stray

_END_WITHIN_S = 5.0


class Strays:
    """Sends `count` of them, one after each segment that the server on this port of the host sends (IPv4, TCP).

    Raises Inconclusive if the process that sends them breaks.
    """

    def __init__(self, backend: Host, port: int, count: int) -> None:
        """Return when it has begun to watch what the server sends."""
        self._backend = backend
        self._process: subprocess.Popen[str] = backend.spawn_module(
            stray.__name__,
            [str(port), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._count = count
        self._next()

    def wait(self) -> int:
        """Return how many were sent, once all of them were."""
        sent = 0
        while sent < self._count:
            sent = self._next()
        return sent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Send no more. Safe to repeat."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    def _next(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.strip().isdecimal():
            said = self._process.communicate()[1].strip()
            raise Inconclusive(f"{self._backend.name} sends no segments out of window: {said or 'no word why'}")
        return int(line)
