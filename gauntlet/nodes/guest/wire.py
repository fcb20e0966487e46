"""What goes over the connection to a guest's first process: frames, each a kind, a length and so many bytes.

One connection carries one request: a command with its streams, any number of readings of the clock, or a word to
the machine. The one who asked owns the command: it is killed when the connection goes.
"""

from __future__ import annotations

import json
import struct
from enum import IntEnum
from typing import NamedTuple

_HEAD = struct.Struct(">BI")
_CODE = struct.Struct(">i")
_TIME = struct.Struct(">q")
PIECE = 1 << 16  # bytes of a stream that travel in one frame, at the most


class Kind(IntEnum):
    """Of the streams, an empty frame is the end of file."""

    COMMAND = 1  # to the guest: a Command, as JSON
    STDIN = 2
    STDOUT = 3
    STDERR = 4
    EXIT = 5  # from the guest, the last frame: the exit code
    CLOCK = 6  # to the guest: empty; from it: its CLOCK_REALTIME
    SHIFT_CLOCK = 7  # to the guest: nanoseconds to add to its CLOCK_REALTIME
    POWER_OFF = 8  # to the guest: it ends without an answer


class Command(NamedTuple):
    """What is to run. With `has_stdin` its standard input comes by frames, else it is /dev/null."""

    argv: list[str]
    env: dict[str, str]
    has_stdin: bool

    def frame(self) -> bytes:
        return frame(Kind.COMMAND, json.dumps(self._asdict()).encode())

    @classmethod
    def read(cls, payload: bytes) -> Command:
        return cls(**json.loads(payload))


def frame(kind: Kind, payload: bytes | memoryview = b"") -> bytes:
    return _HEAD.pack(kind, len(payload)) + payload


def exit_frame(code: int) -> bytes:
    """`code` as subprocess counts: negative for the signal that ended the command."""
    return frame(Kind.EXIT, _CODE.pack(code))


def exit_code(payload: bytes) -> int:
    return int(_CODE.unpack(payload)[0])


def time_frame(kind: Kind, time_ns: int) -> bytes:
    """A frame of CLOCK or SHIFT_CLOCK."""
    return frame(kind, _TIME.pack(time_ns))


def time_ns(payload: bytes) -> int:
    return int(_TIME.unpack(payload)[0])


class Frames:
    """Cuts what arrives into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """The frames that `data` completes. Raises ValueError if it is not of this protocol."""
        self._buffer += data
        found = []
        at = 0
        while len(self._buffer) - at >= _HEAD.size:
            kind, size = _HEAD.unpack_from(self._buffer, at)
            end = at + _HEAD.size + size
            if len(self._buffer) < end:
                break
            found.append((Kind(kind), bytes(self._buffer[at + _HEAD.size : end])))
            at = end
        del self._buffer[:at]
        return found
