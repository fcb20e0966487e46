"""The process that stands in for a command in a guest: its streams, its exit code, and its life.

Run by gauntlet.nodes.guest.node with the standard library alone, so that it starts quickly.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.nodes.guest.wire import PIECE, Command, Frames, Kind, exit_code, frame
from gauntlet.nodes.switchboard import GuestDown, Line, Switchboard

DOWN = 255  # exit code where the guest is gone, as that of ssh(1)
_CONNECT_S = 60.0
_OF_KIND = {Kind.STDOUT: 1, Kind.STDERR: 2}


def main() -> None:
    """Run `SOCKET GUEST COMMAND...` of the command line. The environment of this process is the command's."""
    _, socket_path, guest, *argv = sys.argv
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        with Switchboard(Path(socket_path)).dial(guest, timeout_s=_CONNECT_S) as line:
            line.agent.settimeout(0)
            code = _carry(line, bytearray(Command(argv, dict(os.environ), has_stdin=True).frame()))
    except (GauntletError, TimeoutError, ConnectionError) as error:
        sys.stderr.write(f"{guest}: {error}\n")
        sys.stderr.flush()
        os._exit(DOWN)
    if code < 0:
        # Die as the command did, so that whoever waits for this process sees the same.
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _carry(line: Line, outgoing: bytearray) -> int:
    """Send the request, then pass the streams on until the exit code comes. Raises GuestDown if it does not."""
    agent, steward = line.agent.fileno(), line.steward.fileno()
    frames = Frames()
    has_stdin = True
    while True:
        # Its own input waits while the guest does not take what was read before.
        sources = [agent, steward, *([0] if has_stdin and not outgoing else [])]
        ready, writable, _ = select.select(sources, [agent] if outgoing else [], [])
        if 0 in ready:
            data = os.read(0, PIECE)
            outgoing += frame(Kind.STDIN, data)
            has_stdin = bool(data)
        if writable:
            del outgoing[: line.agent.send(outgoing)]
        if agent in ready:
            data = line.agent.recv(4 * PIECE)
            for kind, payload in frames.feed(data):
                if kind is Kind.EXIT:
                    return exit_code(payload)
                _write(_OF_KIND[kind], payload)
            if not data:
                raise GuestDown("its agent hung up")
        elif steward in ready:
            raise GuestDown("it went down")


def _write(descriptor: int, data: bytes) -> None:
    if not data:
        os.close(descriptor)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
