"""The agent of a guest, on this machine, with the far end of its connection in the test's hands."""

from __future__ import annotations

import os
import socket

import pytest

from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.nodes.guest import agent
from gauntlet.nodes.guest.wire import Command, Frames, Kind, exit_code

WAIT_S = 0.2


def test_an_end_that_finds_no_room_is_told_once_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that is slow to read, and then takes all at once, hears how the command ended."""
    monkeypatch.setattr(agent, "_ROOM", 1000)
    ours, theirs = socket.socketpair()
    with theirs, socket.socket() as listener:
        loop = agent.Agent(listener)
        ours.settimeout(0)
        conversation = agent.Conversation(loop, ours)
        theirs.sendall(Command(["head", "-c", "3000", "/dev/zero"], {"PATH": SYSTEM_PATH}, has_stdin=False).frame())
        turn(loop)
        filling = fill(ours)
        turn(loop)  # its output waits here
        code = os.waitstatus_to_exitcode(os.waitpid(conversation._pid, 0)[1])
        conversation._on_exit(code)
        theirs.recv(filling, socket.MSG_WAITALL)
        frames = Frames()
        heard: list[tuple[Kind, bytes]] = []
        theirs.settimeout(WAIT_S)
        while not heard or heard[-1][0] is not Kind.EXIT:
            assert turn(loop), "it waits for nothing more"
            heard += frames.feed(theirs.recv(1 << 16))
    assert sum(len(payload) for kind, payload in heard if kind is Kind.STDOUT) == 3000
    assert exit_code(heard[-1][1]) == 0


def turn(loop: agent.Agent) -> bool:
    """Whether anything came to be done within a short while; it is done."""
    found = loop._poll.poll(WAIT_S)
    for descriptor, events in found:
        if handler := loop._handlers.get(descriptor):
            handler(descriptor, events)
    return bool(found)


def fill(connection: socket.socket) -> int:
    """Send until nothing goes in any more; returns how many bytes that were."""
    sent = 0
    while True:
        try:
            sent += connection.send(bytes(64))
        except BlockingIOError:
            return sent
