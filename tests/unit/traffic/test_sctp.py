"""SCTP in our own words: packets that are whole, associations from their first packet to their last, and others."""

from __future__ import annotations

import dataclasses
import errno

import pytest

from gauntlet.traffic import sctp
from gauntlet.traffic.sctp import Association, Chunk, Kind, Packet, Server, crc32c, decode, encode

PORT, CLIENT, CLIENTS_PORT = 8082, "10.244.1.2", 40_001
QUESTION = b"hostname clientip"
ANY = Packet(CLIENTS_PORT, PORT, 7, (Chunk(Kind.SACK, b"12345", 3), Chunk(Kind.DATA, b"n" * 13)))


def association(question: bytes = QUESTION) -> Association:
    return Association(CLIENTS_PORT, PORT, question)


def carried(client: Association, server: Server, source: str = CLIENT) -> list[list[int]]:
    """Takes packets there and back until nobody has anything to say. The kinds of chunks of each."""
    seen = []
    sent: bytes | None = client.begin()
    while sent is not None:
        back = server.hear(sent, source)
        seen += [_kinds(each) for each in (sent, back) if each is not None]
        sent = None if back is None else client.hear(back)
    return seen


def packet_of(data: bytes | None) -> Packet:
    assert data is not None
    found = decode(data)
    assert found is not None
    return found


def _kinds(data: bytes) -> list[int]:
    return [each.kind for each in packet_of(data).chunks]


def test_the_checksum_is_that_of_the_standard() -> None:
    """Of RFC 3720, appendix B.4, and the usual nine digits."""
    assert crc32c(b"123456789") == 0xE306_9283
    assert crc32c(bytes(32)) == 0x8A91_36AA
    assert encode(ANY)[8:12] == crc32c(encode(ANY)[:8] + bytes(4) + encode(ANY)[12:]).to_bytes(4, "little")


def test_a_packet_is_read_as_it_was_written() -> None:
    assert len(encode(ANY)) % 4 == 0
    assert decode(encode(ANY)) == ANY


@pytest.mark.parametrize("place", [0, 5, 9, 12, 20])
def test_a_changed_byte_makes_it_no_packet(place: int) -> None:
    data = bytearray(encode(ANY))
    data[place] ^= 1
    assert decode(bytes(data)) is None


@pytest.mark.parametrize(
    "chunk",
    [Chunk(Kind.INIT, bytes(15)), Chunk(Kind.INIT_ACK, b""), Chunk(Kind.DATA, bytes(11)), Chunk(Kind.SHUTDOWN)],
)
def test_a_chunk_that_is_too_short_makes_it_no_packet(chunk: Chunk) -> None:
    assert decode(encode(dataclasses.replace(ANY, chunks=(chunk,)))) is None
    assert decode(b"") is None


def test_an_association_is_set_up_asked_and_shut_down() -> None:
    client = association()
    assert carried(client, Server("client-1", PORT)) == [
        [Kind.INIT],
        [Kind.INIT_ACK],
        [Kind.COOKIE_ECHO, Kind.DATA],
        [Kind.COOKIE_ACK, Kind.SACK, Kind.DATA],
        [Kind.SHUTDOWN],
        [Kind.SHUTDOWN_ACK],
        [Kind.SHUTDOWN_COMPLETE],
    ]
    assert client.is_over
    assert client.answer == b"client-1\n10.244.1.2:40001"


def test_an_address_of_ipv6_is_told_apart_from_its_port() -> None:
    client = association(b"clientip")
    carried(client, Server("client-1", PORT), "fd00::2")
    assert client.answer == b"[fd00::2]:40001"


def test_verification_tags_are_those_that_each_side_chose() -> None:
    client, server = association(), Server("client-1", PORT)
    begun = client.begin()
    invited = server.hear(begun, CLIENT)
    assert packet_of(begun).tag == 0
    assert packet_of(invited).tag == int.from_bytes(packet_of(begun).chunks[0].value[:4])
    assert packet_of(client.hear(invited or b"")).tag == int.from_bytes(packet_of(invited).chunks[0].value[:4])


def test_a_cookie_of_another_server_is_not_taken() -> None:
    """What begins with one backend and goes on with another is no association."""
    client, first, second = association(), Server("client-1", PORT), Server("client-2", PORT)
    echo = client.hear(first.hear(client.begin(), CLIENT) or b"")
    assert second.hear(echo or b"", CLIENT) is None
    assert first.hear(echo or b"", "10.244.1.3") is None
    assert first.hear(echo or b"", CLIENT) is not None


def test_a_server_leaves_other_ports_and_what_it_does_not_know_alone() -> None:
    server = Server("client-1", PORT)
    assert server.hear(Association(CLIENTS_PORT, PORT + 1, QUESTION).begin(), CLIENT) is None
    for kind in (Kind.SHUTDOWN, Kind.SHUTDOWN_COMPLETE, Kind.ABORT, Kind.DATA):
        assert server.hear(encode(Packet(CLIENTS_PORT, PORT, 7, (Chunk(kind, bytes(16)),))), CLIENT) is None


def test_a_server_forgets_those_that_went_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sctp, "_MOST_OPEN", 1)
    server, first, second = Server("client-1", PORT), association(), association()
    shutdowns = []
    for client in (first, second):
        echo = client.hear(server.hear(client.begin(), CLIENT) or b"")
        shutdowns.append(client.hear(server.hear(echo or b"", CLIENT) or b"") or b"")
    assert server.hear(shutdowns[0], CLIENT) is None
    assert server.hear(shutdowns[1], CLIENT) is not None


def test_a_client_hears_its_own_association_alone() -> None:
    client, other, server = association(), Association(CLIENTS_PORT + 1, PORT, QUESTION), Server("client-1", PORT)
    assert client.hear(server.hear(other.begin(), CLIENT) or b"") is None
    invited = packet_of(server.hear(client.begin(), CLIENT))
    assert client.hear(encode(dataclasses.replace(invited, tag=invited.tag ^ 1))) is None
    assert client.hear(encode(invited)) is not None
    assert client.is_of(client.begin()[:8])
    assert not other.is_of(client.begin()[:8])


def test_an_abort_refuses_what_has_not_begun_and_resets_what_has() -> None:
    client, server = association(), Server("client-1", PORT)
    tag = int.from_bytes(packet_of(client.begin()).chunks[0].value[:4])
    abort = encode(Packet(PORT, CLIENTS_PORT, tag, (Chunk(Kind.ABORT),)))
    with pytest.raises(OSError, match="aborted") as refused:
        client.hear(abort)
    echo = packet_of(client.hear(server.hear(client.begin(), CLIENT) or b""))
    reflected = encode(Packet(PORT, CLIENTS_PORT, echo.tag, (Chunk(Kind.ABORT, flags=1),)))
    with pytest.raises(OSError, match="aborted") as reset:
        client.hear(reflected)
    assert (refused.value.errno, reset.value.errno) == (errno.ECONNREFUSED, errno.ECONNRESET)
    assert client.hear(encode(Packet(PORT, CLIENTS_PORT, tag ^ 1, (Chunk(Kind.ABORT),)))) is None
