"""Records of the DNS: what is asked, and what is taken for an answer."""

from __future__ import annotations

import struct

import pytest

from gauntlet.ground.lookup import Kind
from gauntlet.traffic.records import NoAnswer, question, records

# At 12, where every message begins its question: "web.test".
NAME = b"\x03web\x04test\x00"
WEB, TEST = b"\xc0\x0c", b"\xc0\x10"


def record(kind: int, data: bytes, name: bytes = WEB) -> bytes:
    return name + struct.pack("!HHIH", kind, 1, 5, len(data)) + data


def message(kind: Kind, *answers: bytes, number: int = 7, flags: int = 0x8180, more: bytes = b"") -> bytes:
    header = struct.pack("!HHHHHH", number, flags, 1, len(answers), 0, 1 if more else 0)
    return header + NAME + struct.pack("!HH", kind, 1) + b"".join(answers) + more


def srv(port: int, target: bytes) -> bytes:
    return record(Kind.SRV, struct.pack("!HHH", 0, 100, port) + target)


def test_a_question_is_for_one_kind() -> None:
    asked = question("web.test.", Kind.SRV, 7)
    assert asked == struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + NAME + struct.pack("!HH", 33, 1)


def test_addresses_of_both_families_are_read() -> None:
    four = message(Kind.A, record(Kind.A, bytes([10, 96, 0, 7])), record(Kind.A, bytes([10, 96, 0, 8])))
    assert records(four, Kind.A, 7) == {"10.96.0.7", "10.96.0.8"}
    six = message(Kind.AAAA, record(Kind.AAAA, bytes.fromhex("fd10") + bytes(13) + b"\x05"))
    assert records(six, Kind.AAAA, 7) == {"fd10::5"}


def test_an_srv_record_has_a_port_and_a_name_which_may_point_back() -> None:
    found = message(Kind.SRV, srv(8080, b"\x0210" + WEB), srv(8081, b"\x01a" + TEST))
    assert records(found, Kind.SRV, 7) == {"8080 10.web.test", "8081 a.test"}


def test_only_answers_of_the_kind_that_was_asked_for_count() -> None:
    alias = record(Kind.CNAME, b"\x04away" + TEST)
    found = message(Kind.A, alias, record(Kind.A, bytes(4)), more=record(Kind.A, bytes([1, 1, 1, 1])))
    assert records(found, Kind.A, 7) == {"0.0.0.0"}
    assert records(message(Kind.CNAME, alias), Kind.CNAME, 7) == {"away.test"}
    assert records(message(Kind.SRV), Kind.SRV, 7) == frozenset()


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (message(Kind.A, number=8), "not the answer"),
        (message(Kind.A, flags=0x0100), "not the answer"),
        (message(Kind.A, flags=0x8183), "response code 3"),
        (message(Kind.A, flags=0x8380), "cut off"),
        (message(Kind.A, record(Kind.A, bytes(4)))[:-1], "not a whole"),
        (message(Kind.A, record(Kind.A, bytes(3))), "not a whole"),
        (message(Kind.CNAME, record(Kind.CNAME, b"\xc0\x2c")), "not a whole"),
        (b"", "not a whole"),
    ],
)
def test_what_is_no_answer_says_why(broken: bytes, words: str) -> None:
    kind = Kind.CNAME if b"\xc0\x2c" in broken else Kind.A
    with pytest.raises(NoAnswer, match=words):
        records(broken, kind, 7)
