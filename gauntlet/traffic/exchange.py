"""What an attempt does besides asking: large transfers, half-closed connections, two datagrams at once."""

from __future__ import annotations

from enum import StrEnum


class Exchange(StrEnum):
    """How client and backend talk in one attempt. The backend says its name first in all of them.

    ECHO: what the client sends comes back unchanged. HALF_CLOSED (TCP): it comes back after the client has ended its
    own half of the connection. TWO_AT_ONCE (UDP): the second datagram of a new socket leaves before the first is
    answered, as those of a resolver that asks for A and AAAA.
    """

    QUESTIONS = "questions"
    ECHO = "echo"
    HALF_CLOSED = "half-closed"
    TWO_AT_ONCE = "two-at-once"
