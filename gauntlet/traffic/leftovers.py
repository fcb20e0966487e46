"""What comes to a UDP flow for attempts that were given up: before the next one asks, or while it waits."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

from gauntlet.traffic.reply import BadReply, host_name, source_ip

_LARGEST = 65_536
_MOST = 64
_MSG_ERRQUEUE = 0x2000  # linux/socket.h
_READ: Mapping[str, Callable[[bytes], str]] = {"hostname": host_name, "clientip": source_ip}


class Owed:
    """The questions of one flow that were asked and not answered.

    A datagram does not say what it answers. The forms of these answers differ, so that a late one is known by its form
    unless the same question was asked again: then it is an answer to that as well.
    """

    def __init__(self) -> None:
        self._questions: set[str] = set()

    def asked(self, question: str) -> None:
        self._questions.add(question)

    def came(self, answer: bytes, question: str) -> bool:
        """Whether this answers `question`; otherwise it answers one of an earlier attempt, which is owed no more."""
        others = self._questions - {question}
        # Most often nothing else is owed: then the answer is read once, by whoever learns from it.
        if others and not _reads(answer, question):
            for other in others:
                if _reads(answer, other):
                    self._questions.discard(other)
                    return False
        self._questions.discard(question)
        return True


def drop_leftovers(flow: socket.socket) -> None:
    """Take away what has come: replies and ICMP errors of earlier attempts must not be taken for this one's."""
    flow.settimeout(0.0)
    for flags in (0, _MSG_ERRQUEUE):
        for _ in range(_MOST):
            try:
                flow.recv(_LARGEST, flags)
            except BlockingIOError:
                break
            except OSError:
                continue
    flow.settimeout(None)


def _reads(answer: bytes, question: str) -> bool:
    try:
        _READ[question](answer)
    except BadReply:
        return False
    return True
