from __future__ import annotations

import socket
import struct

import pytest

from gauntlet.traffic.stray import Segment, parse, stray

TEXT = b"HTTP/1.1 200 OK\r\n\r\n"


def packet(flags: int = 0x18, protocol: int = socket.IPPROTO_TCP, options: bytes = b"", text: bytes = TEXT) -> bytes:
    offset = (20 + len(options)) // 4 << 4
    tcp = struct.pack("!HHIIBBHHH", 8080, 40_001, 0xFFFF_FFFE, 77, offset, flags, 500, 0, 0) + options + text
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, protocol, 0)
    return ip + socket.inet_aton("10.244.2.2") + socket.inet_aton("10.244.1.2") + tcp


@pytest.mark.parametrize("options", [b"", b"\x01" * 12])
def test_a_segment_says_what_comes_after_it(options: bytes) -> None:
    after = (0xFFFF_FFFE + len(TEXT)) & 0xFFFF_FFFF
    assert parse(packet(options=options)) == Segment("10.244.2.2", 8080, "10.244.1.2", 40_001, after, 77)


@pytest.mark.parametrize(
    "other",
    [packet(flags=0x12), packet(flags=0x11), packet(flags=0x04), packet(protocol=17), b"", b"\x60" + packet()[1:]],
    ids=["SYN", "FIN", "RST", "UDP", "nothing", "IPv6"],
)
def test_nothing_else_is_a_segment_of_an_open_connection(other: bytes) -> None:
    assert parse(other) is None


def test_a_stray_segment_is_out_of_any_window_and_acknowledges_what_was_there() -> None:
    made = stray(Segment("10.244.2.2", 8080, "10.244.1.2", 40_001, 1_000, 77))
    source, destination, number, acknowledged, _, flags, _, _, _ = struct.unpack_from("!HHIIBBHHH", made)
    assert (source, destination, acknowledged, flags) == (8080, 40_001, 77, 0x18)
    assert 65_535 << 14 < number - 1_000 < 1 << 31


def test_its_checksum_is_right() -> None:
    made = stray(Segment("10.244.2.2", 8080, "10.244.1.2", 40_001, 1_000, 77))
    pseudo = socket.inet_aton("10.244.2.2") + socket.inet_aton("10.244.1.2") + struct.pack("!BBH", 0, 6, len(made))
    data = pseudo + made + b"\0" * (len(made) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    assert (total & 0xFFFF) + (total >> 16) in (0xFFFF, 0x1_FFFE)
