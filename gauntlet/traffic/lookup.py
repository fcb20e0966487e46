"""Asks a DNS server: `python -m gauntlet.traffic.lookup ADDRESS PORT TIMEOUT_S`, with questions as JSON in stdin.

Each question is [name, kind, protocol]. A list of [records, trouble] goes to stdout, in their order, as JSON. It runs
in the network of a client.
"""

from __future__ import annotations

import json
import secrets
import socket
import struct
import sys

from gauntlet.ground.lookup import Kind
from gauntlet.traffic.records import NoAnswer, question, records

_LENGTH = struct.Struct("!H")


def _by_udp(server: tuple[str, int], message: bytes, timeout_s: float) -> bytes:
    with socket.socket(socket.AF_INET6 if ":" in server[0] else socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(timeout_s)
        asked.connect(server)
        asked.send(message)
        return asked.recv(65_536)


def _by_tcp(server: tuple[str, int], message: bytes, timeout_s: float) -> bytes:
    with socket.create_connection(server, timeout_s) as asked, asked.makefile("rb") as replies:
        asked.sendall(_LENGTH.pack(len(message)) + message)
        (length,) = _LENGTH.unpack(replies.read(_LENGTH.size))
        return replies.read(length)


def _answer(server: tuple[str, int], name: str, kind: Kind, protocol: str, timeout_s: float) -> tuple[list[str], str]:
    number = secrets.randbits(16)
    ask = _by_tcp if protocol == "tcp" else _by_udp
    try:
        return sorted(records(ask(server, question(name, kind, number), timeout_s), kind, number)), ""
    except (OSError, struct.error, NoAnswer) as error:
        return [], f"{type(error).__name__}: {error}"


def main() -> None:
    server, timeout_s = (sys.argv[1], int(sys.argv[2])), float(sys.argv[3])
    asked = json.load(sys.stdin)
    answers = [_answer(server, name, Kind[kind], protocol, timeout_s) for name, kind, protocol in asked]
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
