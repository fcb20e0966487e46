"""Records of the DNS: questions for those of a kind, and what an answer says, read strictly (RFC 1035, 2782, 3596)."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from gauntlet.ground.lookup import Kind

_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_SRV = struct.Struct("!HHH")
_RECURSION_DESIRED, _IS_ANSWER, _IS_CUT, _CODE = 0x0100, 0x8000, 0x0200, 0x000F
_INTERNET = 1
_POINTER = 0xC0


class NoAnswer(Exception):
    """What came is no answer to the question, or says that there is none; in words."""


def question(name: str, kind: Kind, number: int) -> bytes:
    """A question for the records of this kind."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.rstrip(".").split("."))
    return _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, _INTERNET)


def records(message: bytes, kind: Kind, number: int) -> frozenset[str]:
    """What this answer to question `number` says: addresses, names, for SRV "PORT NAME". Raises NoAnswer."""
    try:
        return _records(message, kind, number)
    except (struct.error, IndexError, ValueError):
        raise NoAnswer(f"not a whole DNS message: {message[:60]!r}") from None


def _records(message: bytes, kind: Kind, number: int) -> frozenset[str]:
    answered, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    if answered != number or not flags & _IS_ANSWER:
        raise NoAnswer(f"not the answer to question {number}: {message[:12]!r}")
    if flags & _IS_CUT:
        raise NoAnswer("an answer that was cut off, as it is too long for a datagram")
    if flags & _CODE:
        raise NoAnswer(f"DNS response code {flags & _CODE}")
    place = _HEADER.size
    for _ in range(questions):
        place = _name(message, place)[1] + 4
    found = set[str]()
    for _ in range(answers):
        place = _name(message, place)[1]
        of, _, _, length = _RECORD.unpack_from(message, place)
        place += _RECORD.size
        if len(message) < place + length:
            raise IndexError
        if of == kind:
            found.add(_words(message, kind, place, length))
        place += length
    return frozenset(found)


def _words(message: bytes, kind: Kind, place: int, length: int) -> str:
    data = message[place : place + length]
    if kind is Kind.A:
        return str(IPv4Address(data))
    if kind is Kind.AAAA:
        return str(IPv6Address(data))
    if kind is Kind.SRV:
        return f"{_SRV.unpack_from(data)[2]} {_name(message, place + _SRV.size)[0]}"
    return _name(message, place)[0]


def _name(message: bytes, place: int) -> tuple[str, int]:
    """The name that begins here, and where it is over. Each pointer leads further back: a circle is no name."""
    labels: list[str] = []
    over = 0
    while message[place]:
        if message[place] & _POINTER == _POINTER:
            over = over or place + 2
            target = struct.unpack_from("!H", message, place)[0] & 0x3FFF
            if target >= place:
                raise ValueError(target)
            place = target
            continue
        labels.append(message[place + 1 : place + 1 + message[place]].decode("ascii"))
        place += 1 + message[place]
    return ".".join(labels), over or place + 1
