"""Carries connections from a loopback port outside the world to the API server inside it.

A socket stays in the network namespace it was made in. The owner makes the listening socket outside
and hands it to the world; what the world connects to is its own network.
"""

from __future__ import annotations

import contextlib
import socket
import threading

_PIECE = 1 << 16


def serve(listener: socket.socket, address: tuple[str, int]) -> None:
    """Accept connections for ever, each carried by two threads of its own."""
    while True:
        outer, _ = listener.accept()
        try:
            inner = socket.create_connection(address, timeout=5)
        except OSError:
            outer.close()
            continue
        inner.settimeout(None)
        for end in (outer, inner):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, sink in ((outer, inner), (inner, outer)):
            threading.Thread(target=_carry, args=(source, sink), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    buffer = bytearray(_PIECE)
    view = memoryview(buffer)
    with contextlib.suppress(OSError):
        while count := source.recv_into(buffer):
            sink.sendall(view[:count])
    for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with contextlib.suppress(OSError):
            end.shutdown(how)
