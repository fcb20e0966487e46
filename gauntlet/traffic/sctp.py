"""SCTP as far as one short association needs it (RFC 9260): packets, the client's side of it, and the server's. Pure.

The client bundles its question with the cookie, the server its answer with the acknowledgement; the client shuts the
association down. Nothing is sent twice: a lost packet is a time-out.
"""

from __future__ import annotations

import errno
import hmac
import secrets
import struct
from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum

PROTOCOL = 132  # IPPROTO_SCTP; a number, as a Python need not know the word
_PORTS = struct.Struct("!HH")
_HEADER = struct.Struct("!HHII")
_CHECKSUM = slice(8, 12)
_CHUNK = struct.Struct("!BBH")
_PARAMETER = struct.Struct("!HH")
_INIT = struct.Struct("!IIHHI")  # initiate tag, window, streams out and in, first TSN
_DATA = struct.Struct("!IHHI")  # TSN, stream, its sequence number, payload protocol
_SACK = struct.Struct("!IIHH")  # cumulative TSN, window, gaps, duplicates
_TSN = struct.Struct("!I")
_COOKIE = struct.Struct("!IIII")  # tag and first TSN of the server, and of the client
_WINDOW, _STREAMS = 65_536, 1
_STATE_COOKIE = 7  # the parameter of INIT ACK
_WHOLE = 0x03  # of DATA: the first and the last fragment of a message
_REFLECTED = 0x01  # of ABORT (T): its verification tag is the one that was sent to whom it is from
_NUMBERS = 0xFFFF_FFFF
# Associations that a server remembers; clients that go without a word leave theirs.
_MOST_OPEN = 4096
_POLYNOMIAL = 0x82F6_3B78  # of CRC32c, its bits reversed (appendix A)


class Kind(IntEnum):
    """Chunk types of section 3.2 that are used here."""

    DATA = 0
    INIT = 1
    INIT_ACK = 2
    SACK = 3
    ABORT = 6
    SHUTDOWN = 7
    SHUTDOWN_ACK = 8
    COOKIE_ECHO = 10
    COOKIE_ACK = 11
    SHUTDOWN_COMPLETE = 14


_LEAST = {Kind.DATA: _DATA.size, Kind.INIT: _INIT.size, Kind.INIT_ACK: _INIT.size, Kind.SHUTDOWN: _TSN.size}


@dataclass(frozen=True)
class Chunk:
    kind: int
    value: bytes = b""
    flags: int = 0


@dataclass(frozen=True)
class Packet:
    """`tag` is the verification tag."""

    source_port: int
    destination_port: int
    tag: int
    chunks: tuple[Chunk, ...]

    def first(self, kind: Kind) -> Chunk | None:
        return next((each for each in self.chunks if each.kind == kind), None)


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_row, range(256)))


def crc32c(data: bytes) -> int:
    found = _NUMBERS
    for byte in data:
        found = found >> 8 ^ _TABLE[(found ^ byte) & 0xFF]
    return found ^ _NUMBERS


def encode(packet: Packet) -> bytes:
    """As it goes onto the network, with its checksum."""
    made = bytearray(_HEADER.pack(packet.source_port, packet.destination_port, packet.tag, 0))
    for each in packet.chunks:
        length = _CHUNK.size + len(each.value)
        made += _CHUNK.pack(each.kind, each.flags, length) + each.value + bytes(-length % 4)
    made[_CHECKSUM] = crc32c(bytes(made)).to_bytes(4, "little")
    return bytes(made)


def decode(data: bytes) -> Packet | None:
    """None if it is not a whole packet with the right checksum."""
    if len(data) < _HEADER.size or data[_CHECKSUM] != crc32c(data[:8] + bytes(4) + data[12:]).to_bytes(4, "little"):
        return None
    source_port, destination_port, tag, _ = _HEADER.unpack_from(data)
    chunks = list[Chunk]()
    place = _HEADER.size
    while place < len(data):
        if len(data) < place + _CHUNK.size:
            return None
        kind, flags, length = _CHUNK.unpack_from(data, place)
        value = data[place + _CHUNK.size : place + length]
        if len(value) != length - _CHUNK.size or len(value) < _LEAST.get(kind, 0):
            return None
        chunks.append(Chunk(kind, value, flags))
        place += length + -length % 4
    return Packet(source_port, destination_port, tag, tuple(chunks))


def behind_ip(received: bytes, *, by_ipv6: bool) -> bytes:
    """What a raw socket was sent, without the IP header, which stands before what comes by IPv4 alone (raw(7))."""
    return received if by_ipv6 else received[(received[0] & 0x0F) * 4 :]


class Association:
    """The client's side. `answer` is None until it is there; the association `is_over` once it is shut down."""

    def __init__(self, source_port: int, destination_port: int, question: bytes) -> None:
        self.answer: bytes | None = None
        self.is_over = False
        self._ports = source_port, destination_port
        self._question = question
        self._tag, self._number = _tag(), secrets.randbits(32)
        self._peer_tag = self._peer_number = 0

    def begin(self) -> bytes:
        """The first packet."""
        return self._said(Chunk(Kind.INIT, _INIT.pack(self._tag, _WINDOW, _STREAMS, _STREAMS, self._number)))

    def is_of(self, sent: bytes) -> bool:
        """Whether this is the beginning of a packet that this side sent."""
        return sent.startswith(_PORTS.pack(*self._ports))

    def hear(self, data: bytes) -> bytes | None:
        """What is to be sent upon a packet; None if nothing is, or the packet is not for this association.

        Raises OSError (ECONNREFUSED, ECONNRESET) if the peer aborts it.
        """
        # Most of what a raw socket hears is of others: to look at the ports is quick, to check a sum is not.
        packet = decode(data) if data.startswith(_PORTS.pack(*reversed(self._ports))) else None
        if packet is None:
            return None
        abort = packet.first(Kind.ABORT)
        if abort is not None and packet.tag == (self._peer_tag if abort.flags & _REFLECTED else self._tag):
            begun = self._peer_tag != 0
            raise OSError(errno.ECONNRESET if begun else errno.ECONNREFUSED, "the peer aborted the association")
        if packet.tag != self._tag:
            return None
        if not self._peer_tag:
            return self._ask(packet.first(Kind.INIT_ACK))
        if self.answer is None:
            return self._take(packet.first(Kind.DATA))
        if packet.first(Kind.SHUTDOWN_ACK) is None:
            return None
        self.is_over = True
        return self._said(Chunk(Kind.SHUTDOWN_COMPLETE))

    def _ask(self, accepted: Chunk | None) -> bytes | None:
        cookie = None if accepted is None else _cookie(accepted.value[_INIT.size :])
        if accepted is None or cookie is None:
            return None
        self._peer_tag, _, _, _, self._peer_number = _INIT.unpack_from(accepted.value)
        return self._said(Chunk(Kind.COOKIE_ECHO, cookie), _message(self._number, self._question))

    def _take(self, answer: Chunk | None) -> bytes | None:
        if answer is None or _DATA.unpack_from(answer.value)[0] != self._peer_number:
            return None
        self.answer = answer.value[_DATA.size :]
        return self._said(Chunk(Kind.SHUTDOWN, _TSN.pack(self._peer_number)))

    def _said(self, *chunks: Chunk) -> bytes:
        return encode(Packet(*self._ports, self._peer_tag, chunks))


class Server:
    """The server's side of all associations at one port. It answers a question with its name and who asks.

    Each word of a question, `hostname` or `clientip`, is a line of the answer. What does not fit is left without one.
    """

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._port = port
        self._secret = secrets.token_bytes(32)
        # The client's tag, by its address and port and the tag that the server gave the association.
        self._open: OrderedDict[tuple[str, int, int], int] = OrderedDict()

    def hear(self, data: bytes, source: str) -> bytes | None:
        """What is to be sent to the address that a packet came from; None if nothing is."""
        packet = decode(data)
        if packet is None or packet.destination_port != self._port:
            return None
        if (begun := packet.first(Kind.INIT)) is not None:
            return self._invite(packet, begun, source)
        if (echo := packet.first(Kind.COOKIE_ECHO)) is not None:
            return self._answer(packet, echo.value, source)
        key = source, packet.source_port, packet.tag
        if packet.first(Kind.SHUTDOWN) is not None and key in self._open:
            return self._said(packet, self._open[key], Chunk(Kind.SHUTDOWN_ACK))
        if packet.first(Kind.SHUTDOWN_COMPLETE) is not None or packet.first(Kind.ABORT) is not None:
            self._open.pop(key, None)
        return None

    def _invite(self, packet: Packet, begun: Chunk, source: str) -> bytes:
        """Everything is in the cookie: nothing is kept of who has not shown that packets reach it (section 5.1.3)."""
        tag, _, _, _, number = _INIT.unpack_from(begun.value)
        own_tag, own_number = _tag(), secrets.randbits(32)
        state = _COOKIE.pack(own_tag, own_number, tag, number)
        cookie = state + self._seal(state, source, packet.source_port)
        head = _INIT.pack(own_tag, _WINDOW, _STREAMS, _STREAMS, own_number)
        length = _PARAMETER.size + len(cookie)
        return self._said(packet, tag, Chunk(Kind.INIT_ACK, head + _PARAMETER.pack(_STATE_COOKIE, length) + cookie))

    def _answer(self, packet: Packet, cookie: bytes, source: str) -> bytes | None:
        state, seal = cookie[: _COOKIE.size], cookie[_COOKIE.size :]
        asked = packet.first(Kind.DATA)
        # A cookie of another server: the association was moved to this one on its way.
        if asked is None or not hmac.compare_digest(seal, self._seal(state, source, packet.source_port)):
            return None
        own_tag, own_number, tag, number = _COOKIE.unpack(state)
        if packet.tag != own_tag or _DATA.unpack_from(asked.value)[0] != number:
            return None
        self._open[source, packet.source_port, own_tag] = tag
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        client = f"[{source}]" if ":" in source else source
        known = {b"hostname": self._name, b"clientip": f"{client}:{packet.source_port}"}
        lines = [known.get(word, "") for word in asked.value[_DATA.size :].split()]
        return self._said(
            packet,
            tag,
            Chunk(Kind.COOKIE_ACK),
            Chunk(Kind.SACK, _SACK.pack(number, _WINDOW, 0, 0)),
            _message(own_number, "\n".join(lines).encode()),
        )

    def _seal(self, state: bytes, source: str, port: int) -> bytes:
        return hmac.digest(self._secret, state + f"{source} {port}".encode(), "sha256")

    def _said(self, to: Packet, tag: int, *chunks: Chunk) -> bytes:
        return encode(Packet(self._port, to.source_port, tag, chunks))


def _message(number: int, text: bytes) -> Chunk:
    return Chunk(Kind.DATA, _DATA.pack(number, 0, 0, 0) + text, _WHOLE)


def _cookie(parameters: bytes) -> bytes | None:
    """The state cookie among the parameters of an INIT ACK."""
    place = 0
    while place + _PARAMETER.size <= len(parameters):
        kind, length = _PARAMETER.unpack_from(parameters, place)
        if kind == _STATE_COOKIE:
            return parameters[place + _PARAMETER.size : place + length]
        place += max(length, _PARAMETER.size) + -length % 4
    return None


def _tag() -> int:
    """Any but 0, which is that of an INIT."""
    return secrets.randbelow(_NUMBERS) + 1
