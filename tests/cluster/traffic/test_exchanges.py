"""What is sent comes back from a real agnhost, and each exchange is red at a server that spoils it."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from gauntlet.ground.history import Frontend, Protocol
from gauntlet.ground.waiting import until
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.traffic.exchange import Exchange
from tests.cluster.traffic.world import ADDRESS, World

TCP = Target("ns/web", Frontend.CLUSTER_IP, ADDRESS, 8080)
UDP = dataclasses.replace(TCP, port=8081, protocol=Protocol.UDP)
SIZES = {Exchange.ECHO: 2_000, Exchange.HALF_CLOSED: 70_000, Exchange.TWO_AT_ONCE: 0}

# An HTTP server that says its name, and spoils what it is to give back in the way that its argument says.
_SPOILS = """
import http.server, sys, urllib.parse
class Spoils(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.answer(b"spoiler")
    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"]))
        body = urllib.parse.parse_qs(form)[b"msg"][0]
        if sys.argv[2] == "changed":
            body = body[:-1] + b"?"
        if sys.argv[2] == "short":
            body = body[:-1]
        if sys.argv[2] == "ends" and not self.rfile.read(1):
            self.close_connection = True
            return
        self.answer(body)
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Spoils).serve_forever()
"""
# A UDP server that calls itself something else each time, and takes the last byte from what it gives back.
_CHANGES = """
import itertools, socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
for number in itertools.count():
    datagram, client = server.recvfrom(65536)
    server.sendto(f"name-{number}".encode() if datagram == b"hostname" else datagram[5:-1], client)
"""


@pytest.fixture(scope="module", autouse=True)
def _spoilers(world: World) -> None:
    for port, how in ((7030, "changed"), (7031, "short"), (7032, "ends")):
        world.spawn([sys.executable, "-c", _SPOILS, str(port), how])
    world.spawn([sys.executable, "-c", _CHANGES, "7033"])
    for kind, port in (("t", 7030), ("t", 7031), ("t", 7032), ("u", 7033)):
        until(
            lambda kind=kind, port=port: world.run(["ss", f"-Hln{kind}", f"sport = {port}"]).stdout,  # type: ignore[misc]
            what=f"port {port} is served",
            deadline_s=20,
        )


@pytest.mark.parametrize(
    ("target", "exchange", "size"),
    [
        (TCP, Exchange.ECHO, 2_000_000),
        (TCP, Exchange.ECHO, 1),
        (TCP, Exchange.HALF_CLOSED, 300_000),
        (UDP, Exchange.ECHO, 2_000),
        (UDP, Exchange.TWO_AT_ONCE, 0),
    ],
)
def test_a_backend_gives_back_what_it_was_sent(
    world: World, traffic: Traffic, target: Target, exchange: Exchange, size: int
) -> None:
    load = Load(target, attempts=3, users=1, timeout_s=20.0, exchange=exchange, payload_bytes=size)

    seen = traffic.send(world, load)

    assert seen["outcome"].to_list() == ["ok"] * 3, seen["error"].to_list()
    assert seen["backend"].to_list() == ["b1"] * 3


@pytest.mark.parametrize(
    ("port", "protocol", "exchange", "words"),
    [
        (7030, Protocol.TCP, Exchange.ECHO, "2000 bytes were sent"),
        (7031, Protocol.TCP, Exchange.ECHO, "1999 came back"),
        (7031, Protocol.TCP, Exchange.HALF_CLOSED, "69999 came back"),
        (7032, Protocol.TCP, Exchange.HALF_CLOSED, "closed before the reply"),
        (7033, Protocol.UDP, Exchange.ECHO, "came back"),
        (7033, Protocol.UDP, Exchange.TWO_AT_ONCE, "two datagrams of one socket met"),
    ],
)
def test_what_is_spoilt_on_its_way_is_no_good_attempt(
    world: World, traffic: Traffic, port: int, protocol: Protocol, exchange: Exchange, words: str
) -> None:
    target = dataclasses.replace(TCP, port=port, protocol=protocol)

    seen = traffic.send(world, Load(target, attempts=1, users=1, exchange=exchange, payload_bytes=SIZES[exchange]))

    assert seen["outcome"].to_list() != ["ok"]
    assert words in seen["error"][0]
