"""The Locust users that ask a DNS server for a name, as a resolver does. Runs inside the agent only."""

from __future__ import annotations

import secrets
import socket
import struct

from gauntlet.traffic import dns
from gauntlet.traffic.reply import BadReply
from gauntlet.traffic.users import Closed, NewTcp, NewUdp, Probe

_LARGEST = 65_536
_LENGTH = struct.Struct("!H")


class ByUdp(NewUdp):
    """A new socket, and so a new source port, for each question, as resolvers do against forgery (RFC 5452)."""

    def converse(self, flow: socket.socket) -> None:
        number = secrets.randbits(16)
        question = dns.query(self.job.name, self.job.resolves_to, number)
        self.leaves()
        flow.send(question)
        answer = dns.resolved(flow.recv(_LARGEST), number)
        self.backend = answer.server
        dns.must_give(self.job.resolves_to, answer)


class ByTcp(NewTcp):
    """A new connection for each question."""

    def converse(self, connection: socket.socket) -> None:
        number = secrets.randbits(16)
        question = dns.query(self.job.name, self.job.resolves_to, number)
        connection.sendall(_LENGTH.pack(len(question)) + question)
        (size,) = _LENGTH.unpack(self._whole(connection, _LENGTH.size))
        answer = dns.resolved(self._whole(connection, size), number)
        self.backend = answer.server
        dns.must_give(self.job.resolves_to, answer)

    @staticmethod
    def _whole(connection: socket.socket, size: int) -> bytes:
        received = b""
        while len(received) < size:
            more = connection.recv(size - len(received))
            if not more:
                raise (BadReply(f"cut off: {received[:60]!r}") if received else Closed("closed before the reply"))
            received += more
        return received


# By protocol.
RESOLVERS: dict[str, type[Probe]] = {"udp": ByUdp, "tcp": ByTcp}
