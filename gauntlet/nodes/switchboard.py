"""The driver's way to guests: a socket of the sandbox's steward, which connects callers and works the switches.

A caller is handed a connection to the guest's agent that no rule and no link of the node can hurt, and then
speaks gauntlet.nodes.guest.wire on it. It keeps the line to the steward open meanwhile: the steward hangs up when the
guest is gone, which the connection itself would not show.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from gauntlet.ground.errors import GauntletError

_ANSWER_BYTES = 1 << 16


class Wish(StrEnum):
    """What a caller may want of a machine. All but CONNECT answer when it is done."""

    CONNECT = "connect"
    BOOT = "boot"
    STOP = "stop"
    CRASH = "crash"
    FREEZE = "freeze"
    THAW = "thaw"
    STATE = "state"


class GuestDown(GauntletError):
    """The guest does not run, so that nothing can be done on it."""


@dataclass(frozen=True)
class Call:
    """One request to the steward: a line of JSON."""

    guest: str
    wish: Wish
    hidden_modules: tuple[str, ...] = ()

    def line(self) -> bytes:
        return json.dumps({"guest": self.guest, "wish": self.wish, "hidden_modules": self.hidden_modules}).encode()

    @classmethod
    def read(cls, line: bytes) -> Call:
        raw = json.loads(line)
        return cls(raw["guest"], Wish(raw["wish"]), tuple(raw["hidden_modules"]))


@dataclass(frozen=True)
class Answer:
    """What the steward says: an error and its remedy, or none; `down` where the guest does not run."""

    text: str = ""
    error: str = ""
    remedy: str = ""
    down: bool = False

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode()


@dataclass
class Line:
    """A connection to a guest's agent. `steward` becomes readable when the guest is gone."""

    agent: socket.socket
    steward: socket.socket

    def close(self) -> None:
        self.agent.close()
        self.steward.close()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Switchboard:
    """The steward's socket at `path`."""

    path: Path

    def dial(self, guest: str, *, timeout_s: float) -> Line:
        """A line to the guest's agent, maybe not yet answered.

        Raises GuestDown if the guest does not run, TimeoutError if the steward does not answer in time.
        """
        steward = self._ask(Call(guest, Wish.CONNECT), timeout_s)
        try:
            said, descriptors = _received(steward)
            _check(said)
        except BaseException:
            steward.close()
            raise
        return Line(socket.socket(fileno=descriptors[0]), steward)

    def ask(self, guest: str, wish: Wish, *, timeout_s: float, hidden_modules: Sequence[str] = ()) -> str:
        """Have the steward do something with a machine. Raises GauntletError if that fails or takes too long."""
        try:
            with self._ask(Call(guest, wish, tuple(hidden_modules)), timeout_s) as steward:
                return _check(_received(steward)[0])
        except TimeoutError:
            raise GauntletError(
                f"{guest}: {wish} was not done within {timeout_s:g} s", f"read {self.path.parent / 'logs'}"
            ) from None

    def _ask(self, call: Call, timeout_s: float) -> socket.socket:
        steward = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        steward.settimeout(timeout_s)
        try:
            reach(self.path, steward.connect)
            steward.sendall(call.line())
        except (FileNotFoundError, ConnectionError):
            steward.close()
            raise GuestDown(f"the world of {call.guest} is gone", "gauntlet cluster list") from None
        except BaseException:
            steward.close()
            raise
        return steward


def reach(path: Path, use: Callable[[str], object]) -> None:
    """Call `use` with an address for a socket's path: the path itself may be longer than the 107 bytes of unix(7)."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        use(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _received(steward: socket.socket) -> tuple[bytes, list[int]]:
    """What the steward says, and the descriptor that may come with it; nothing if it ends before it has answered."""
    try:
        said, descriptors, _, _ = socket.recv_fds(steward, _ANSWER_BYTES, 1)
    except ConnectionError:  # it had not read what it was asked
        return b"", []
    return said, descriptors


def _check(said: bytes) -> str:
    if not said:
        raise GuestDown("the steward of the world hung up", "gauntlet cluster list")
    answer = Answer(**json.loads(said))
    if answer.error:
        raise (GuestDown if answer.down else GauntletError)(answer.error, answer.remedy)
    return answer.text
