"""How a guest's clock and this machine's differ.

A guest reads its host's clock once, while it boots, and is behind from then on by as long as that took.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

from gauntlet.nodes.guest.wire import Frames, Kind, frame, time_frame, time_ns

_READINGS = 20
_PIECE = 4096


@dataclass(frozen=True)
class ClockOffset:
    """How far a guest's CLOCK_REALTIME is ahead of this machine's: `offset_ns`, give or take `uncertainty_ns`."""

    offset_ns: int
    uncertainty_ns: int


def measure(agent: socket.socket, timeout_s: float) -> ClockOffset:
    """Ask the agent of a guest on a connection of its own. Raises TimeoutError and ConnectionError.

    A reading lies somewhere between its question and its answer; the quickest of several counts.
    """
    agent.settimeout(timeout_s)
    return min((_read(agent) for _ in range(_READINGS)), key=lambda reading: reading.uncertainty_ns)


def adjust(agent: socket.socket, timeout_s: float) -> ClockOffset:
    """Set the guest's clock by this machine's. Returns how far it was off. Raises TimeoutError and ConnectionError."""
    found = measure(agent, timeout_s)
    agent.sendall(time_frame(Kind.SHIFT_CLOCK, -found.offset_ns))
    _read(agent)
    return found


def _read(agent: socket.socket) -> ClockOffset:
    asked_ns = time.time_ns()
    agent.sendall(frame(Kind.CLOCK))
    frames = Frames()
    while True:
        data = agent.recv(_PIECE)
        answered_ns = time.time_ns()
        if not data:
            raise ConnectionError("the agent hung up")
        for _, payload in frames.feed(data):
            half_ns = (answered_ns - asked_ns) // 2
            return ClockOffset(time_ns(payload) - asked_ns - half_ns, half_ns)
