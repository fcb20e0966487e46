"""The inspection, on what kernel 6.1 (User-Mode Linux) showed at the same moment as ipvsadm; guest_init.py made it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gauntlet.ground.cluster import CommandFailed, Completed
from gauntlet.ground.errors import GauntletError
from gauntlet.proxy import ipvs
from gauntlet.proxy.ipvs import (
    Module,
    Persistence,
    Protocol,
    RealServer,
    VirtualServer,
    connections,
    inspection,
    modules,
    statistics,
    ticks,
)
from gauntlet.proxy.ipvs import servers as server_table
from tests.unit.ipvs import ipvsadm
from tests.unit.stand_in_host import StandInHost

CAPTURED = Path(__file__).parent / "captured"
SHOWN = (CAPTURED / "inspection.txt").read_text()
FOUND = inspection.parse(SHOWN, "node-1")


class Node(StandInHost):
    """A host on which every command says the same."""

    def __init__(self, stdout: str, stderr: str = "") -> None:
        self.said = (stdout, stderr)
        self.ran: list[tuple[str, ...]] = []

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        self.ran.append(tuple(argv))
        return Completed(tuple(argv), 2, *self.said)


def only(address: str, port: int) -> VirtualServer:
    (server,) = FOUND.find(address, port)
    return server


def test_agrees_with_ipvsadm() -> None:
    ipvsadm.assert_agrees(FOUND, (CAPTURED / "ipvsadm-Ln.txt").read_text(), (CAPTURED / "ipvsadm-Lcn.txt").read_text())


def test_totals_agree_with_ipvsadm() -> None:
    total = FOUND.stats.total
    ours = (total.connections, total.packets_in, total.packets_out, total.bytes_in, total.bytes_out)
    assert ours == ipvsadm.totals((CAPTURED / "ipvsadm-stats.txt").read_text())
    assert FOUND.stats.processors == {0: total}


def test_one_command_reads_everything() -> None:
    node = Node(SHOWN)
    assert ipvs.inspect(node) == FOUND
    assert len(node.ran) == 1


def test_the_listing_alone_has_the_same_servers() -> None:
    assert ipvs.listing(Node(SHOWN)) == FOUND.virtual_servers


@pytest.mark.parametrize(
    ("port", "scheduler"), list(enumerate(("rr", "wrr", "lc", "wlc", "sh", "dh", "mh", "sed", "nq"), start=80))
)
def test_every_scheduler(port: int, scheduler: str) -> None:
    server = only("10.96.0.1", port)
    assert server.scheduler == scheduler
    assert {real.address: real.weight for real in server.real_servers} == {
        "10.244.1.1": 1, "10.244.1.2": 2, "10.244.1.3": 4,
    }  # fmt: skip
    assert sum(real.active for real in server.real_servers) == 6


def test_persistence_has_its_time_in_seconds_and_its_netmask() -> None:
    assert only("10.96.0.2", 80).persistence == Persistence(1_080_000, 10_800.0, "255.255.255.255")
    assert only("10.96.0.2", 81).persistence == Persistence(36_000, 360.0, "255.255.255.0")
    assert only("fd00:96::2", 80).persistence == Persistence(60_000, 600.0, "64")
    assert only("10.96.0.1", 80).persistence is None


def test_without_root_the_time_is_known_in_jiffies_alone() -> None:
    lines = [line for line in SHOWN.splitlines() if not line.startswith(ticks.FILE)]
    (server,) = inspection.parse("\n".join(lines), "node-1").find("10.96.0.2", 80)
    assert server.persistence == Persistence(1_080_000, None, "255.255.255.255")


def test_marks_have_no_address() -> None:
    marks = {server.fwmark: server for server in FOUND.virtual_servers if server.fwmark is not None}
    assert set(marks) == {7, 9}
    assert (marks[7].protocol, marks[7].address, marks[7].place) == (None, "", "fwmark 7")
    assert marks[7].persistence == Persistence(30_000, 300.0, "255.255.255.255")
    assert marks[9].real_servers == (RealServer("fd00:244::1", 8080, "masq", 2, 0, 0),)


def test_ways_of_forwarding_weights_and_protocols() -> None:
    assert {real.address: real.forward for real in only("10.96.0.5", 80).real_servers} == {
        "10.77.0.12": "route", "10.77.0.13": "tunnel", "127.0.0.1": "route",
    }  # fmt: skip
    one_packet = only("10.96.0.1", 54)
    assert (one_packet.protocol, one_packet.one_packet, one_packet.real_servers[0].weight) == (
        Protocol.UDP,
        True,
        65535,
    )
    assert only("10.96.0.6", 132).protocol is Protocol.SCTP
    assert only("10.96.0.3", 80).real_servers == ()


def test_connections_by_real_server_are_those_the_kernel_counts() -> None:
    for server in FOUND.virtual_servers:
        for real in server.real_servers if server.fwmark is None else ():
            assert len(FOUND.connections_to(server, real)) == real.active + real.inactive, (server.place, real)


def test_templates_are_the_clients_that_are_remembered() -> None:
    remembered = {(each.client, each.virtual) for each in FOUND.templates}
    # The last is a mark, which the kernel writes where an address is.
    assert remembered == {
        ("10.96.0.2", "10.96.0.2"), ("10.96.0.0", "10.96.0.2"), ("fd00:96::", "fd00:96::2"), ("10.96.0.7", "0.0.0.7"),
    }  # fmt: skip


def test_modules_are_those_of_the_kernels_own_list() -> None:
    rows = [line.split() for line in (CAPTURED / "modules.txt").read_text().splitlines()]
    loaded = {
        name: (int(references), tuple(sorted(filter(None, holders.replace("-", "").split(",")))), state.lower())
        for name, _, references, holders, state, *_ in rows
        if name.startswith("ip_vs")
    }
    assert {each.name: (each.references, each.holders, each.state) for each in FOUND.modules} == loaded
    assert len(loaded) == 10


def test_modules_that_are_built_in_have_no_count() -> None:
    assert modules.parse(["/sys/module/ip_vs", "/sys/module/ip_vs*/holders/*"], {}) == (
        Module("ip_vs", None, (), "live"),
    )


def test_a_kernel_without_ipvs_is_a_clear_error() -> None:
    unmatched = "/sys/module/ip_vs*\n/sys/module/ip_vs*/holders/*\n"
    with pytest.raises(GauntletError, match="kernel of node-1 has no IPVS") as caught:
        ipvs.inspect(Node(unmatched))
    assert "modprobe ip_vs" in caught.value.remedy


def test_a_node_that_runs_no_command_is_another_error() -> None:
    with pytest.raises(CommandFailed, match="no such world"):
        ipvs.inspect(Node("", "no such world"))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("TCP  0A600001:0050", "not enough values"),
        ("TCP  0A6001:0050 rr", "no address"),
        ("TCP  [0A600001]:0050 rr", "no address and port"),
        ("TCP  fd00::1:0050 rr", "no address and port"),
        ("TCP  0A600001:50 rr", "no port"),
        ("ICMP 0A600001:0050 rr", "not a valid Protocol"),
        ("TCP  0A600001:0050 rr sticky 300 FFFFFFFF", "unknown flag 'sticky'"),
        ("TCP  0A600001:0050 rr persistent 300", "not enough values"),
        ("  -> 0AF40101:1F90 Masq 1 0 0", "no virtual server stands before it"),
        ("TCP  0A600001:0050 rr\n  -> 0AF40101:1F90 Teleport 1 0 0", "unknown way of forwarding"),
        ("TCP  0A600001:0050 rr\n  -> 0AF40101:1F90 Masq 1 0", "not enough values"),
        ("Segmentation fault", "not enough values"),
    ],
)
def test_broken_servers_are_named_with_their_line(line: str, why: str) -> None:
    with pytest.raises(GauntletError, match=why) as caught:
        server_table.parse(line)
    assert "/proc/net/ip_vs has a line" in caught.value.what
    assert repr(line.splitlines()[-1].strip())[1:-1] in caught.value.what


@pytest.mark.parametrize("line", ["TCP 0A600001 E76E", "TCP 0A600001 E76E 0A600001 0058 0AF40101 1F90 NONE soon"])
def test_broken_connections_are_errors(line: str) -> None:
    with pytest.raises(GauntletError, match="/proc/net/ip_vs_conn has a line"):
        connections.parse(line)


@pytest.mark.parametrize("text", ["", "1 2 3 4 5", "1 2 3 4 5\n1 2 3 4", "1 2 3 4 5\n1 2 3 4 x"])
def test_broken_statistics_are_errors(text: str) -> None:
    with pytest.raises(GauntletError, match="/proc/net/ip_vs_stats has a line"):
        statistics.parse(text)


def test_a_helper_of_a_connection_is_kept() -> None:
    (found,) = connections.parse("UDP 0A600001 13C4 0A600002 13C4 0AF40101 13C4 UDP 300 sip id-123")
    assert found.helper == "sip id-123"


@pytest.mark.parametrize("rate", ticks.KNOWN)
@pytest.mark.parametrize("since_start_s", [3.0, 280.0, 86_400.0, 3e7])
def test_every_tick_rate_is_told(rate: int, since_start_s: float) -> None:
    jiffies = 2**32 + int((since_start_s - 300) * rate) + 1
    assert ticks.parse(f"now at {int(since_start_s * 1e9)} nsecs\njiffies: {jiffies}\n") == rate


def test_a_tick_rate_that_cannot_be_told_is_none() -> None:
    assert ticks.parse("") is None
    assert ticks.parse(f"now at 300000000000 nsecs\njiffies: {2**32}\n") is None
