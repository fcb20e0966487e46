"""Each outcome has a real cause here: a socket, a rule, a route. Nothing is simulated."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator

import pytest

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.history import Connection, Frontend, Protocol
from gauntlet.ground.waiting import until
from gauntlet.traffic import Load, Target, Traffic
from tests.cluster.traffic.world import ADDRESS, World, four_times

TCP = Target("ns/web", Frontend.CLUSTER_IP, ADDRESS, 8080)
UDP = dataclasses.replace(TCP, port=8081, protocol=Protocol.UDP)

_RULES = """
table inet causes {
  chain input {
    type filter hook input priority 0
    tcp dport { 7001 } drop
    udp dport { 7001 } drop
    tcp dport { 7002 } reject with tcp reset
    meta nfproto ipv4 tcp dport { 7003 } reject with icmp type port-unreachable
    meta nfproto ipv6 tcp dport { 7003 } reject with icmpv6 type port-unreachable
    meta nfproto ipv4 tcp dport { 7004 } reject with icmp type host-unreachable
    udp dport { 7004 } meta nfproto ipv4 reject with icmp type host-unreachable
  }
  chain output {
    type filter hook output priority 0
    udp dport { 7005 } drop
  }
}
"""

# A peer that takes connections and gives each a bad end, as its argument says.
_RUDE = """
import socket, struct, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = server.accept()
    peer.recv(4096)
    if sys.argv[2] == "reset":
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if sys.argv[2] == "half":
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 5\\r\\n\\r\\npo")
    peer.close()
"""


@pytest.fixture(scope="module", autouse=True)
def _causes(world: World) -> Iterator[None]:
    world.nft(_RULES)
    world.run(["ip", "route", "add", "unreachable", "10.1.0.0/24"])
    world.run(["ip", "route", "add", "prohibit", "10.2.0.0/24"])
    world.run(["ip", "route", "add", "blackhole", "10.3.0.0/24"])
    world.backend("talker", http_port=7010, udp_port=7011, override="/echo?msg=good%20morning")
    world.backend("sick", http_port=7012, udp_port=7013, override="/echo?msg=b1&code=503")
    for port, end in ((7020, "reset"), (7021, "close"), (7022, "half")):
        world.spawn([sys.executable, "-c", _RUDE, str(port), end])
        until(
            lambda port=port: world.run(["ss", "-Hltn", f"sport = {port}"]).stdout,  # type: ignore[misc]
            what=f"port {port} is served",
            deadline_s=20,
        )
    yield
    world.run(["nft", "delete", "table", "inet", "causes"])


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        (TCP, "ok"),
        (UDP, "ok"),
        (dataclasses.replace(TCP, address="127.9.9.9", port=80), "ok"),
        (dataclasses.replace(TCP, address="::1"), "ok"),
        (dataclasses.replace(UDP, address="::1"), "ok"),
        (dataclasses.replace(TCP, address="localhost"), "ok"),
        (dataclasses.replace(TCP, port=7099), "refused"),
        (dataclasses.replace(TCP, port=7002), "refused"),
        (dataclasses.replace(TCP, port=7003), "refused"),
        (dataclasses.replace(UDP, port=7099), "refused"),
        (dataclasses.replace(TCP, address="::1", port=7099), "refused"),
        (dataclasses.replace(TCP, address="::1", port=7003), "refused"),
        (dataclasses.replace(UDP, address="::1", port=7099), "refused"),
        (dataclasses.replace(UDP, address="::1", port=7001), "timeout"),
        (dataclasses.replace(TCP, port=7001), "timeout"),
        (dataclasses.replace(UDP, port=7001), "timeout"),
        (dataclasses.replace(TCP, port=7020), "reset"),
        (dataclasses.replace(TCP, port=7021), "reset"),
        (dataclasses.replace(TCP, port=7004), "unreachable"),
        (dataclasses.replace(UDP, port=7004), "unreachable"),
        (dataclasses.replace(UDP, port=7005), "unreachable"),
        (dataclasses.replace(TCP, address="10.1.0.1"), "unreachable"),
        (dataclasses.replace(TCP, address="10.2.0.1"), "unreachable"),
        (dataclasses.replace(TCP, address="10.3.0.1"), "unreachable"),
        (dataclasses.replace(UDP, address="10.3.0.1"), "unreachable"),
        (dataclasses.replace(TCP, address="10.4.0.1"), "unreachable"),
        (dataclasses.replace(TCP, port=7010), "bad_reply"),
        (dataclasses.replace(TCP, port=7012), "bad_reply"),
        (dataclasses.replace(TCP, port=7022), "bad_reply"),
        (dataclasses.replace(TCP, address="no-such-host.invalid"), "dns_error"),
    ],
    ids=lambda value: f"{value.protocol}-{value.address}-{value.port}" if isinstance(value, Target) else value,
)
def test_an_outcome_has_its_cause(world: World, traffic: Traffic, target: Target, outcome: str) -> None:
    frame = four_times(traffic, world, target, outcome)

    if outcome == "ok":
        assert frame["backend"].is_in(["b1", "b2"]).all()
        assert frame["seen_source_ip"].is_in(["127.0.0.1", "::1"]).all()
        assert frame["error"].null_count() == 4
    else:
        assert frame["error"].null_count() == 0


def test_a_client_without_free_ports_is_inconclusive(world: World, traffic: Traffic) -> None:
    everything = world.run(["sysctl", "-n", "net.ipv4.ip_local_port_range"]).stdout.strip()
    world.run(["sysctl", "-qw", "net.ipv4.ip_local_port_range=50000 50003"])
    try:
        with pytest.raises(Inconclusive, match=r"on the client itself.*EADDRNOTAVAIL"):
            traffic.send(world, Load(dataclasses.replace(TCP, port=7001), users=20, attempts=20, timeout_s=0.5))
    finally:
        world.run(["sysctl", "-qw", f"net.ipv4.ip_local_port_range={everything}"])


def test_a_kept_flow_gets_over_an_icmp_error(world: World, traffic: Traffic) -> None:
    load = Load(UDP, rate_per_s=50, connection=Connection.KEPT, local_port=41000)
    with traffic.start(world, load) as flow:
        until(lambda: flow.count() >= 10, what="ten attempts", deadline_s=20)
        world.nft(
            "table inet cut { chain input { type filter hook input priority 0; "
            "meta nfproto ipv4 udp dport 8081 reject with icmp type host-unreachable; }; }"
        )
        seen = flow.count()
        until(lambda: flow.count() >= seen + 10, what="ten attempts that are refused", deadline_s=20)
        world.run(["nft", "delete", "table", "inet", "cut"])
        seen = flow.count()
        until(lambda: flow.count() >= seen + 10, what="ten more attempts", deadline_s=20)
        frame = flow.stop()

    assert frame["outcome"].rle().struct.field("value").to_list() == ["ok", "unreachable", "ok"]


def test_a_kept_connection_is_opened_again_after_a_reset(world: World, traffic: Traffic) -> None:
    target = dataclasses.replace(TCP, address="127.9.9.9", port=80)
    with traffic.start(world, Load(target, users=1, rate_per_s=50, connection=Connection.KEPT)) as flow:
        until(lambda: flow.count() >= 10, what="ten attempts", deadline_s=20)
        world.nft(
            "table inet cut { chain input { type filter hook input priority 0; "
            "tcp dport { 8080, 8090 } ct state established reject with tcp reset; }; }"
        )
        seen = flow.count()
        until(lambda: flow.count() >= seen + 10, what="ten attempts that are cut off", deadline_s=20)
        world.run(["nft", "delete", "table", "inet", "cut"])
        seen = flow.count()
        until(lambda: flow.count() >= seen + 10, what="ten more attempts", deadline_s=20)
        frame = flow.stop()

    outcomes = frame["outcome"].rle().struct.field("value").to_list()
    assert outcomes[0] == "ok"
    assert "reset" in outcomes
    assert outcomes[-1] == "ok"
    first = frame.filter(frame["outcome"].cum_count() <= 5)["backend"]
    assert first.n_unique() == 1
