"""Connections of a host to one address, one after the other, each when it is asked for."""

from __future__ import annotations

import json
import select
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.history import Outcome
from gauntlet.traffic import repeater
from gauntlet.traffic.rows import OUTCOMES

_END_WITHIN_S = 5.0


@dataclass(frozen=True)
class Answer:
    """What became of a connection that began at `at_ns`, by this machine's clock. `error` is empty if it was accepted.

    A host that does not say what became of it is one from which the address is unreachable.
    """

    at_ns: int
    latency_ns: int
    outcome: Outcome
    error: str


class _Gone(GauntletError):
    """The process on the host has ended, or does not answer."""


class _Ended(_Gone):
    """The process on the host has ended."""


class _NeverReady(GauntletError):
    """The process cannot run on the host: no attempt was made."""


class Repeated:
    """By a process on the host (gauntlet/traffic/repeater.py), which is started again if it has ended with its host.

    `timeout_s` is what a connection may take, `within_s` how long the host may take to say what became of it.
    """

    def __init__(self, host: Host, address: str, port: int, *, timeout_s: float, within_s: float) -> None:
        self._host = host
        self._argv = (repeater.__name__, address, str(port), f"{timeout_s:g}")
        self._within_s = within_s
        self._process: subprocess.Popen[str] | None = None
        self._was_ready = False

    def connect(self) -> Answer:
        """Make one connection.

        Raises GauntletError if the process ends before it was ever ready: that says nothing of the address.
        """
        at_ns, deadline_s = time.time_ns(), time.monotonic() + self._within_s
        try:
            process = self._ready(deadline_s)
            at_ns = time.time_ns()
            answer = json.loads(self._ask(process, deadline_s))
        except _NeverReady:
            self.close()
            raise
        except GauntletError as error:
            self.close()
            return Answer(at_ns, time.time_ns() - at_ns, Outcome.UNREACHABLE, error.what)
        outcome = OUTCOMES.get(answer["result"], Outcome.UNREACHABLE)
        return Answer(at_ns, answer["latency_ns"], outcome, answer["error"])

    def close(self) -> None:
        """End the process. Safe to repeat."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def _ready(self, deadline_s: float) -> subprocess.Popen[str]:
        """The process, started if there is none. Raises _Gone if it is not ready in time."""
        if self._process is None:
            self._process = self._host.spawn_module(
                self._argv[0], self._argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            try:
                self._line(self._process, deadline_s)
            except _Ended as ended:
                if self._was_ready:
                    raise
                raise _NeverReady(
                    f"the process that connects ended before it was ready: {ended.what}",
                    f"if {self._host.name} is of a cluster that was kept, delete that one: its image is an earlier one",
                ) from ended
            self._was_ready = True
        return self._process

    def _ask(self, process: subprocess.Popen[str], deadline_s: float) -> str:
        assert process.stdin is not None
        # One that has ended takes no line; why, its output says.
        with suppress(BrokenPipeError):
            process.stdin.write("\n")
            process.stdin.flush()
        return self._line(process, deadline_s)

    def _line(self, process: subprocess.Popen[str], deadline_s: float) -> str:
        """Its next line. It writes one when it is asked, so that none waits behind another."""
        assert process.stdout is not None
        assert process.stderr is not None
        readable, _, _ = select.select([process.stdout], [], [], max(0.0, deadline_s - time.monotonic()))
        if not readable:
            process.kill()
            raise _Gone(f"{self._host.name} did not answer within {self._within_s:g} s")
        line = process.stdout.readline()
        if not line:
            words = process.stderr.read().strip() or f"the process there ended with {process.wait(_END_WITHIN_S)}"
            raise _Ended(f"{self._host.name}: {words}")
        return line
