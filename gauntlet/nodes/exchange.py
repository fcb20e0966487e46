"""A command in a guest, from its request to its exit code, without a process of its own here."""

from __future__ import annotations

import select
import time
from collections.abc import Mapping, Sequence

from gauntlet.nodes.guest.wire import PIECE, Command, Frames, Kind, exit_code, frame
from gauntlet.nodes.switchboard import GuestDown, Line


def carry_out(
    line: Line, argv: Sequence[str], env: Mapping[str, str], stdin: bytes | None, deadline: float
) -> tuple[int, bytes, bytes]:
    """Exit code, stdout and stderr of a command, which is killed when time is up.

    `deadline` is on time.monotonic(). Raises TimeoutError then, and GuestDown if the guest goes down.
    """
    request = [Command(list(argv), dict(env), has_stdin=stdin is not None).frame()]
    if stdin is not None:
        request += [frame(Kind.STDIN, stdin[at : at + PIECE]) for at in range(0, len(stdin), PIECE)]
        request.append(frame(Kind.STDIN))
    outgoing = memoryview(b"".join(request))
    streams = {Kind.STDOUT: bytearray(), Kind.STDERR: bytearray()}
    frames = Frames()
    line.agent.settimeout(0)
    while True:
        may_read, may_write = _wait(line, deadline, is_writing=bool(outgoing))
        if may_write:
            outgoing = outgoing[_send(line, outgoing) :]
        if may_read:
            for kind, payload in frames.feed(_receive(line)):
                if kind is Kind.EXIT:
                    return exit_code(payload), bytes(streams[Kind.STDOUT]), bytes(streams[Kind.STDERR])
                streams[kind] += payload


def _wait(line: Line, deadline: float, *, is_writing: bool = False) -> tuple[bool, bool]:
    """Whether the agent has something to say, and whether it can be told something."""
    agent = line.agent.fileno()
    poll = select.poll()
    poll.register(agent, select.POLLIN | (select.POLLOUT if is_writing else 0))
    poll.register(line.steward, select.POLLIN)
    events = dict(poll.poll(max(deadline - time.monotonic(), 0.0) * 1000))
    if not events:
        raise TimeoutError
    found = events.get(agent, 0)
    if not found:
        raise GuestDown("it went down")
    return bool(found & ~select.POLLOUT), bool(found & select.POLLOUT)


def _send(line: Line, data: memoryview) -> int:
    try:
        return line.agent.send(data)
    except ConnectionError as error:
        raise GuestDown(f"no connection to its agent: {error.strerror}") from None


def _receive(line: Line) -> bytes:
    try:
        data = line.agent.recv(4 * PIECE)
    except ConnectionError as error:
        raise GuestDown(f"no connection to its agent: {error.strerror}") from None
    if not data:
        raise GuestDown("its agent hung up")
    return data
