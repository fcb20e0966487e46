"""The Locust users that do more than to ask: see Exchange. Runs inside the agent only."""

from __future__ import annotations

import http.client
import secrets
import socket

from gauntlet.traffic.exchange import Exchange
from gauntlet.traffic.job import Job
from gauntlet.traffic.reply import BadReply, host_name, must_be
from gauntlet.traffic.users import Closed, NewTcp, NewUdp, Probe

_LARGEST = 65_536
_WORD = b"echo "
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class BackByTcp(NewTcp):
    """HTTP: the payload goes there as a form and comes back as the reply, on one new connection."""

    def converse(self, connection: socket.socket) -> None:
        payload = _payload(self.job)
        asked = _on(connection, self.job)
        self.backend = host_name(_answer(asked, "GET", "/hostname"))
        must_be(payload, _answer(asked, "POST", "/echo", b"msg=" + payload))


class BackAfterTheEnd(NewTcp):
    """The same, but the client ends its half (FIN) before the backend begins to answer, and reads on to its end."""

    def converse(self, connection: socket.socket) -> None:
        payload = _payload(self.job)
        self.backend = host_name(_answer(_on(connection, self.job), "GET", "/hostname"))
        form = b"msg=" + payload
        head = f"POST /echo HTTP/1.0\r\nContent-Type: {_FORM['Content-Type']}\r\nContent-Length: {len(form)}\r\n\r\n"
        connection.sendall(head.encode() + form)
        connection.shutdown(socket.SHUT_WR)
        must_be(payload, _until_the_end(connection))


class BackByUdp(NewUdp):
    """One datagram there and one back, on a new socket: with 2,000 bytes, two fragments each way.

    It is the first of its flow, about which rules decide; who answered is asked afterwards.
    """

    def converse(self, flow: socket.socket) -> None:
        payload = _payload(self.job)[len(_WORD) :]
        self.leaves()
        flow.send(_WORD + payload)
        must_be(payload, flow.recv(_LARGEST))
        flow.send(b"hostname")
        self.backend = host_name(flow.recv(_LARGEST))


class TwoAtOnce(NewUdp):
    """Both datagrams meet a node that knows nothing of the flow yet; both must be answered, by one backend."""

    def converse(self, flow: socket.socket) -> None:
        self.leaves()
        flow.send(b"hostname")
        flow.send(b"hostname")
        self.backend = host_name(flow.recv(_LARGEST))
        second = host_name(flow.recv(_LARGEST))
        if second != self.backend:
            raise BadReply(f"two datagrams of one socket met {self.backend} and {second}")


# By protocol.
EXCHANGES: dict[tuple[str, str], type[Probe]] = {
    ("tcp", Exchange.ECHO): BackByTcp,
    ("tcp", Exchange.HALF_CLOSED): BackAfterTheEnd,
    ("udp", Exchange.ECHO): BackByUdp,
    ("udp", Exchange.TWO_AT_ONCE): TwoAtOnce,
}


def _payload(job: Job) -> bytes:
    """Letters and digits, as many as wanted, never the same twice."""
    return secrets.token_hex(job.payload_bytes // 2 + 1).encode()[: job.payload_bytes]


def _on(connection: socket.socket, job: Job) -> http.client.HTTPConnection:
    """HTTP on this connection, and on no other that it would open if this one ends."""
    made = http.client.HTTPConnection(job.address, job.port)
    made.auto_open = 0
    made.sock = connection
    return made


def _answer(asked: http.client.HTTPConnection, method: str, path: str, form: bytes | None = None) -> bytes:
    """The body of the reply. Raises OSError, BadReply."""
    try:
        asked.request(method, path, body=form, headers={} if form is None else _FORM)
        reply = asked.getresponse()
        body = reply.read()
    except http.client.RemoteDisconnected as error:
        raise Closed(str(error)) from None
    except http.client.HTTPException as error:
        raise BadReply(f"not a whole HTTP reply: {error!r}") from None
    if reply.status != http.client.OK:
        raise BadReply(f"status {reply.status}")
    return body


def _until_the_end(connection: socket.socket) -> bytes:
    """The body of an HTTP/1.0 reply, which is over when the server ends the connection."""
    received = bytearray()
    while more := connection.recv(_LARGEST):
        received += more
    head, separator, body = bytes(received).partition(b"\r\n\r\n")
    if not separator:
        raise BadReply(f"cut off: {head[:60]!r}") if received else Closed("closed before the reply")
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise BadReply(f"not HTTP, or not OK: {head[:60]!r}")
    return body
