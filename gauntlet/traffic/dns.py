"""Questions to a DNS server, and its answers, read strictly (RFC 1035; RFC 5001 for who answered)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import ip_address

from gauntlet.traffic.reply import BadReply, WrongAnswer, host_name

_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_RECURSION_DESIRED, _IS_ANSWER, _CODE = 0x0100, 0x8000, 0x000F
_OPT, _INTERNET = 41, 1
# Types of records that hold an address, by the length of it in bytes (A, and AAAA of RFC 3596).
_KINDS = {4: 1, 16: 28}
_NSID = 3
_LARGEST = 1232
_POINTER = 0xC0


@dataclass(frozen=True)
class Resolved:
    """The first address of a name, and the server that said so, by its own name: empty if it did not say."""

    address: str
    server: str


def query(name: str, address: str, number: int) -> bytes:
    """A question for the address of a name, of the family of this one, and for the name of the server that answers."""
    header = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 1)
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.rstrip(".").split("."))
    option = struct.pack("!HH", _NSID, 0)
    extension = b"\0" + _RECORD.pack(_OPT, _LARGEST, 0, len(option)) + option
    return header + labels + b"\0" + struct.pack("!HH", _KINDS[len(ip_address(address).packed)], _INTERNET) + extension


def resolved(message: bytes, number: int) -> Resolved:
    """What this answer to question `number` says. Raises BadReply if it is not one, or names no address."""
    try:
        return _resolved(message, number)
    except (struct.error, IndexError):
        raise BadReply(f"not a whole DNS message: {message[:60]!r}") from None


def _resolved(message: bytes, number: int) -> Resolved:
    answered, flags, questions, answers, authorities, additional = _HEADER.unpack_from(message)
    if answered != number or not flags & _IS_ANSWER:
        raise BadReply(f"not the answer to question {number}: {message[:12]!r}")
    if flags & _CODE:
        raise BadReply(f"DNS response code {flags & _CODE}")
    place = _HEADER.size
    for _ in range(questions):
        place = _after_name(message, place) + 4
    address = server = ""
    for record in range(answers + authorities + additional):
        place = _after_name(message, place)
        kind, _, _, length = _RECORD.unpack_from(message, place)
        place += _RECORD.size
        data = message[place : place + length]
        if len(data) < length:
            raise IndexError
        place += length
        if _KINDS.get(length) == kind and record < answers:
            address = address or str(ip_address(data))
        elif kind == _OPT:
            server = _server(data)
    if not address:
        raise BadReply("an answer without an address")
    return Resolved(address, server)


def must_give(wanted: str, found: Resolved) -> None:
    """Raises WrongAnswer if the address is not the one that is wanted."""
    if ip_address(wanted) != ip_address(found.address):
        raise WrongAnswer(f"the name was said to be {found.address}, and is {wanted}")


def _after_name(message: bytes, place: int) -> int:
    """Where a name that begins here is over."""
    while message[place]:
        if message[place] & _POINTER == _POINTER:
            return place + 2
        place += 1 + message[place]
    return place + 1


def _server(options: bytes) -> str:
    place = 0
    while place < len(options):
        code, length = struct.unpack_from("!HH", options, place)
        data = options[place + 4 : place + 4 + length]
        # CoreDNS without its plugin nsid sends the empty one of the question back.
        if code == _NSID and length:
            return host_name(data)
        place += 4 + length
    return ""
