"""Runs one command where nobody else would end it, and ends it when whoever asked for it is gone.

`python3 -I -S warden.py MOST_S [NAME=VALUE…] -- ARGV…`. Alone on its node: standard library only, no import of the
gauntlet.

A runtime does not end the command of an exec whose connection breaks, but it closes its stdin. So stdin carries frames,
a kind and a length before each payload, and its end without a word is the end of the command. What the command starts
in a session of its own lives on: that is how faults leave a timer behind.
"""

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import time
from typing import NoReturn

HEADER = struct.Struct("!BI")
DATA, END, ALIVE = 0, 1, 2
# The other end sends ALIVE much more often. A cable that was cut closes nothing.
SILENT_S = 60.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PIECE = 65536
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126


def main() -> NoReturn:
    """Run the command. Ends with its exit code; with 128 + N where signal N ended it."""
    most_s = float(sys.argv[1])
    at = sys.argv.index("--")
    environment = {"PATH": _PATH, "LC_ALL": "C.UTF-8", **dict(each.split("=", 1) for each in sys.argv[2:at])}
    # The end of the command wakes the loop up.
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    try:
        child = subprocess.Popen(sys.argv[at + 1 :], env=environment, stdin=subprocess.PIPE, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE)
    code = _attend(child, woken, time.monotonic() + most_s)
    sys.exit(code if code >= 0 else 128 - code)


def _attend(child: "subprocess.Popen[bytes]", woken: int, deadline: float) -> int:
    """Feed the command until it ends; kill it when the other end is gone or silent, or when time is up."""
    assert child.stdin is not None
    sink = child.stdin.fileno()
    os.set_blocking(sink, False)
    received, pending = bytearray(), bytearray()
    ended = closed = False
    heard = time.monotonic()
    while child.poll() is None:
        if not closed and ended and not pending:
            child.stdin.close()
            closed = True
        now = time.monotonic()
        wait_s = min(deadline, heard + SILENT_S) - now
        if wait_s <= 0:
            return _kill(child)
        writers = [sink] if pending and not closed else []
        readable, writable, _ = select.select([0, woken], writers, [], wait_s)
        if woken in readable:
            os.read(woken, _PIECE)
        if writable:
            pending, closed = _feed(child, pending)
        if 0 in readable:
            piece = os.read(0, _PIECE)
            if not piece:
                return _kill(child)
            heard = time.monotonic()
            received += piece
            ended = _unpack(received, pending) or ended
    return child.returncode


def _unpack(received: bytearray, pending: bytearray) -> bool:
    """Move the payloads of whole frames from one to the other. Whether the input is over."""
    ended = False
    while len(received) >= HEADER.size:
        kind, length = HEADER.unpack_from(received)
        if len(received) < HEADER.size + length:
            break
        if kind == DATA:
            pending += received[HEADER.size : HEADER.size + length]
        ended = ended or kind == END
        del received[: HEADER.size + length]
    return ended


def _feed(child: "subprocess.Popen[bytes]", pending: bytearray) -> "tuple[bytearray, bool]":
    """Write what the pipe takes. What is left, and whether the command has closed its end."""
    assert child.stdin is not None
    try:
        return pending[os.write(child.stdin.fileno(), pending) :], False
    except BlockingIOError:
        return pending, False
    except BrokenPipeError:
        return bytearray(), True


def _kill(child: "subprocess.Popen[bytes]") -> int:
    with contextlib.suppress(ProcessLookupError):  # it ended in this moment
        os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


if __name__ == "__main__":
    main()
