"""Answers SCTP in the network of a backend: `python -P -m gauntlet.traffic.sctp_server NAME PORT ADDRESS…`.

It speaks SCTP itself (gauntlet/traffic/sctp.py), by raw sockets, which takes CAP_NET_RAW. NAME is what it calls itself.
Its first line of output says that it is ready; it ends with its input. It runs with the standard library alone.
"""

from __future__ import annotations

import select
import socket
import sys
from contextlib import suppress
from pathlib import Path

from gauntlet.traffic.sctp import PROTOCOL, Server, behind_ip

READY = "ready\n"
# Of a kernel that speaks SCTP: it would abort each association that no socket of its own has.
KERNELS_OWN = "/proc/net/sctp"
_LARGEST = 65_536


def _listening(address: str) -> socket.socket:
    raw = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_RAW, PROTOCOL)
    raw.bind((address, 0))
    return raw


def _serve(raw: socket.socket, server: Server) -> None:
    received, (source, *_) = raw.recvfrom(_LARGEST)
    answer = server.hear(behind_ip(received, by_ipv6=raw.family == socket.AF_INET6), source)
    if answer is not None:
        # A client that cannot be reached hears nothing, and others go on.
        with suppress(OSError):
            raw.sendto(answer, (source, 0))


def main() -> None:
    name, port, addresses = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    if Path(KERNELS_OWN).exists():
        sys.exit("the kernel here speaks SCTP itself, and would abort what is spoken beside it")
    server = Server(name, port)
    sockets = [_listening(address) for address in addresses]
    sys.stdout.write(READY)
    sys.stdout.flush()
    while True:
        readable, _, _ = select.select([sys.stdin, *sockets], [], [])
        if sys.stdin in readable:
            return
        for raw in sockets:
            if raw in readable:
                _serve(raw, server)


if __name__ == "__main__":
    main()
