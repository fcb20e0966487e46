"""Questions to a DNS server, and what is taken for an answer."""

from __future__ import annotations

import struct

import pytest

from gauntlet.traffic.dns import Resolved, must_give, query, resolved
from gauntlet.traffic.reply import BadReply, WrongAnswer

NAME = b"\x04echo\x03svc\x00"
QUESTION = NAME + struct.pack("!HH", 1, 1)
POINTER = b"\xc0\x0c"


def record(kind: int, data: bytes, name: bytes = POINTER) -> bytes:
    return name + struct.pack("!HHIH", kind, 1, 30, len(data)) + data


def nsid(name: bytes) -> bytes:
    """The OPT record, with an option before that of who answered (a cookie)."""
    options = struct.pack("!HH", 10, 8) + b"12345678" + struct.pack("!HH", 3, len(name)) + name
    return record(41, options, b"\x00")


ALIAS, ADDRESS, SERVER = record(5, b"\x01a" + POINTER), record(1, bytes([10, 96, 0, 7])), nsid(b"coredns-1")


def message(*records: bytes, number: int = 7, flags: int = 0x8180, answers: int | None = None) -> bytes:
    """An answer whose last record is an additional one, unless `answers` says otherwise."""
    count = len(records) - 1 if answers is None else answers
    header = struct.pack("!HHHHHH", number, flags, 1, count, 0, len(records) - count)
    return header + QUESTION + b"".join(records)


def test_a_question_asks_for_the_name_and_who_answers() -> None:
    asked = query("echo.svc.", "10.96.0.7", 7)
    assert struct.unpack_from("!HHHHHH", asked) == (7, 0x0100, 1, 0, 0, 1)
    assert asked[12:].startswith(QUESTION)
    assert asked.endswith(struct.pack("!HH", 3, 0))
    six = query("echo.svc.", "fd00::7", 7)
    assert six == asked.replace(QUESTION, NAME + struct.pack("!HH", 28, 1))


def test_the_address_and_the_server_are_read() -> None:
    assert resolved(message(ADDRESS, SERVER), 7) == Resolved("10.96.0.7", "coredns-1")
    assert resolved(message(ALIAS, ADDRESS, SERVER), 7) == Resolved("10.96.0.7", "coredns-1")
    six = record(28, bytes([0xFD, *bytes(14), 7]))
    assert resolved(message(six, SERVER), 7) == Resolved("fd00::7", "coredns-1")


def test_a_server_need_not_say_who_it_is() -> None:
    assert resolved(message(ADDRESS, answers=1), 7) == Resolved("10.96.0.7", "")
    # As CoreDNS answers without its plugin nsid.
    assert resolved(message(ADDRESS, nsid(b"")), 7) == Resolved("10.96.0.7", "")


def test_an_answer_with_another_address_is_wrong() -> None:
    must_give("fd00::7", Resolved("fd00:0::7", ""))
    with pytest.raises(WrongAnswer, match=r"said to be 10\.96\.0\.8, and is 10\.96\.0\.7"):
        must_give("10.96.0.7", Resolved("10.96.0.8", ""))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (message(ADDRESS, SERVER, number=8), "not the answer to question 7"),
        (message(ADDRESS, SERVER, flags=0x0100), "not the answer to question 7"),
        (message(ADDRESS, SERVER, flags=0x8183), "response code 3"),
        (message(SERVER), "without an address"),
        # An address beside the answer is none.
        (message(ADDRESS, SERVER, answers=0), "without an address"),
        (message(ADDRESS, SERVER)[:-3], "not a whole DNS message"),
        (b"", "not a whole DNS message"),
        (message(ADDRESS, SERVER)[:14], "not a whole DNS message"),
        (message(ADDRESS, nsid(b"\xff\xff")), "no host name"),
        (message(record(1, bytes(5)), SERVER), "without an address"),
    ],
)
def test_anything_else_is_a_bad_reply(answer: bytes, words: str) -> None:
    with pytest.raises(BadReply, match=words):
        resolved(answer, 7)
