"""No packet of a sandbox leaves the machine: its worlds have no uplink, and the machine's links stay silent."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

import pytest

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.family import BOTH
from gauntlet.providers.sandbox.address_plan import plans
from tests.cluster.sandbox.conftest import Namespace
from tests.cluster.sandbox.test_families import test_a_service_answers_every_client_by_both_families as use_the_cluster

Range: TypeAlias = IPv4Network | IPv6Network
RANGES = tuple(
    ip_network(cidr) for plan in plans(BOTH) for cidr in (plan.fabric, plan.services, plan.pods, plan.load_balancers)
)
ETH_P_ALL = 3
OUTGOING = 4  # PACKET_OUTGOING of packet(7)


class Sniffer:
    """Counts packets on every link of this network namespace that come from, or go to, some address ranges."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._ranges = tuple(ranges)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self._socket.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count)
        self.seen: list[str] = []
        self.packets = 0

    def __enter__(self) -> Sniffer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _count(self) -> None:
        while not self._over.is_set():
            self._take()
        # What had come by then is waiting to be read, however late this thread had its turn.
        self._socket.settimeout(0.0)
        while self._take():
            pass

    def _take(self) -> bool:
        """One packet, if there is one."""
        try:
            packet, (link, _, kind, *_) = self._socket.recvfrom(65535)
        except (TimeoutError, BlockingIOError):
            return False
        self.packets += 1
        ends = source_and_destination(packet)
        if any(end in cidr for end in ends for cidr in self._ranges):
            self.seen.append(f"{ends[0]} > {ends[1]} on {link}{' out' if kind == OUTGOING else ''}")
        return True


def source_and_destination(packet: bytes) -> list[IPv4Address | IPv6Address]:
    """Both addresses of a packet (RFC 791, RFC 8200); empty if it is not one of IP."""
    version = packet[0] >> 4 if packet else 0
    if version == 4:
        return [IPv4Address(packet[at : at + 4]) for at in (12, 16)]
    if version == 6:
        return [IPv6Address(packet[at : at + 16]) for at in (8, 24)]
    return []


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may watch the machine's links")


@needs_root
def test_no_packet_of_the_sandbox_is_on_any_link_of_the_machine(cluster: Cluster, namespace: Namespace) -> None:
    with Sniffer(RANGES) as sniffer:
        use_the_cluster(cluster, namespace)
        with socket.create_connection(("127.0.0.1", int(_port(cluster)))):
            pass
    assert sniffer.packets > 0, "the sniffer saw nothing at all, not even the relay on loopback"
    assert sniffer.seen == []


@needs_root
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1")])
def test_the_sniffer_sees_what_it_looks_for(family: socket.AddressFamily, address: str) -> None:
    with Sniffer([ip_network(address)]) as sniffer, socket.socket(family, socket.SOCK_DGRAM) as out:
        out.sendto(b"seen", (address, 9))
    assert sniffer.seen


def test_every_link_of_the_world_ends_in_the_world(cluster: Cluster, namespace: Namespace) -> None:
    """All links are loopback, the fabric, or one end of a pair whose other end is in the same world."""
    namespace.start("pod", cluster.nodes[0].name)
    namespace.wait_ready("pod")
    hosts = [*cluster.nodes, cluster.outside, cluster.pod(namespace.name, "pod")]
    for host in hosts:
        for link in json.loads(host.run(["ip", "-json", "-details", "link"]).stdout):
            kind = link.get("linkinfo", {}).get("info_kind", "loopback")
            assert kind in {"loopback", "veth"}, link["ifname"]
            # A peer outside the world would be in a namespace that the world does not know: id -1 or none.
            assert kind == "loopback" or link["link_netnsid"] >= 0, link["ifname"]
    for option, plan in zip(("-4", "-6"), plans(BOTH), strict=True):
        defaults = json.loads(cluster.outside.run(["ip", "-json", option, "route", "show", "default"]).stdout)
        assert [route["gateway"] for route in defaults] == [plan.api]


def _port(cluster: Cluster) -> str:
    return str(cluster.api.configuration.host).rpartition(":")[2]
