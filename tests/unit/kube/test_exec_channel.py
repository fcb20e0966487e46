"""A connection to a command in a pod that breaks off half-way. The API server is a socket of this test's own."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Iterator

import pytest

from gauntlet.kube import exec_channel
from gauntlet.kube.exec_channel import Channel, Credentials, Errand, ExecBroken

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
# A binary frame of five bytes, of which two come: the stream (1, stdout) and one of its text.
HALF_A_MESSAGE = b"\x82\x05\x01h"


@pytest.fixture
def server() -> Iterator[int]:
    """Takes one websocket, sends half a message, and hangs up much later. Its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        connection = listener.accept()[0]
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(4096)
        key = next(line.split(b": ", 1)[1] for line in asked.split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        protocol = b"Sec-WebSocket-Protocol: v5.channel.k8s.io\r\n"
        connection.sendall(head + protocol + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + HALF_A_MESSAGE)
        over.wait(10.0)
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield int(listener.getsockname()[1])
    over.set()
    thread.join()
    listener.close()


def test_a_message_that_stops_half_way_is_a_broken_connection(server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_channel, "ANSWER_S", 0.3)
    errand = Errand(Credentials(f"http://127.0.0.1:{server}"), "ns", "pod", "container", ("true",))
    channel = Channel(errand)
    try:
        assert channel.wait(10.0) == {channel.fileno()}
        with pytest.raises(ExecBroken, match=r"`true` in pod ns/pod: the connection broke: .*timed out"):
            channel.receive()
    finally:
        channel.close()
