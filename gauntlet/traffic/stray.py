"""Sends TCP segments out of window to whoever asks a server here. `python -I -S stray.py PORT COUNT`.

After each of the next COUNT segments that the server on local PORT sends (IPv4), one more goes the same way, with a
sequence number far beyond what the client may be sent. That is what a late or mangled segment looks like: conntrack
takes it for INVALID, and does not translate it. A line with the number of those sent goes to stdout after each. It
runs in the network of a backend, with the standard library alone, and needs CAP_NET_RAW.
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import NamedTuple

_EVERY_PROTOCOL = 3  # ETH_P_ALL of linux/if_ether.h: with ETH_P_IP, nothing that leaves is seen
_OUTGOING = 4  # PACKET_OUTGOING of linux/if_packet.h
_SYN_FIN_RST, _ACK_PSH = 0x07, 0x18
# More than the largest window there is (65,535 << 14), and less than half of all numbers.
_FAR_AHEAD = 0x6000_0000
_TEXT = b"stray"
_TCP = struct.Struct("!HHIIBBHHH")


class Segment(NamedTuple):
    """Of a TCP segment what the next one depends on. `next_number` is the sequence number after it."""

    source: str
    source_port: int
    destination: str
    destination_port: int
    next_number: int
    acknowledged: int


def parse(packet: bytes) -> Segment | None:
    """The segment in an IPv4 packet, of an open connection; None if there is none."""
    if len(packet) < 40 or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        return None
    begin, total = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4])
    source_port, destination_port, number, acknowledged, offset, flags, _, _, _ = _TCP.unpack_from(packet, begin)
    if flags & _SYN_FIN_RST:
        return None
    size = total - begin - (offset >> 4) * 4
    source, destination = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    return Segment(source, source_port, destination, destination_port, (number + size) & 0xFFFF_FFFF, acknowledged)


def stray(after: Segment) -> bytes:
    """The TCP header and text of a segment out of window, with its checksum (RFC 9293)."""
    number = (after.next_number + _FAR_AHEAD) & 0xFFFF_FFFF

    def header(checksum: int) -> bytes:
        ports = after.source_port, after.destination_port
        return _TCP.pack(*ports, number, after.acknowledged, _TCP.size // 4 << 4, _ACK_PSH, 0xFFFF, checksum, 0)

    addresses = socket.inet_aton(after.source) + socket.inet_aton(after.destination)
    pseudo = addresses + struct.pack("!BBH", 0, socket.IPPROTO_TCP, _TCP.size + len(_TEXT))
    return header(_checksum(pseudo + header(0) + _TEXT)) + _TEXT


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def main() -> None:
    port, count = int(sys.argv[1]), int(sys.argv[2])
    seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY_PROTOCOL))
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    sent = 0
    sys.stdout.write("0\n")
    sys.stdout.flush()
    while sent < count:
        packet, where = seen.recvfrom(65_536)
        segment = parse(packet) if where[2] == _OUTGOING else None
        # Its own are seen as well.
        if segment is None or segment.source_port != port or packet.endswith(_TEXT):
            continue
        raw.sendto(stray(segment), (segment.destination, 0))
        sent += 1
        sys.stdout.write(f"{sent}\n")
        sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
