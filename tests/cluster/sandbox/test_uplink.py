"""No packet of a sandbox leaves the machine: its worlds have no uplink, and the machine's links stay silent."""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import threading
from collections.abc import Iterable
from ipaddress import IPv4Network

import pytest

from gauntlet.ground.cluster import Cluster
from gauntlet.providers.sandbox import layout
from tests.cluster.sandbox.conftest import Namespace
from tests.cluster.sandbox.test_cluster import test_service_answers_every_client as use_the_cluster

RANGES = tuple(
    IPv4Network(cidr)
    for cidr in (
        f"{layout.API_ADDRESS}/32",
        "10.77.0.0/24",
        layout.SERVICE_CIDR,
        layout.POD_CIDR,
        layout.LOAD_BALANCER_POOL,
    )
)
ETH_P_ALL = 3
OUTGOING = 4  # PACKET_OUTGOING of packet(7)


class Sniffer:
    """Counts packets on every link of this network namespace that come from, or go to, some address ranges."""

    def __init__(self, ranges: Iterable[IPv4Network]) -> None:
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
            try:
                packet, (link, _, kind, *_) = self._socket.recvfrom(65535)
            except TimeoutError:
                continue
            self.packets += 1
            if packet[:1] and packet[0] >> 4 == 4:
                ends = [ipaddress.IPv4Address(packet[at : at + 4]) for at in (12, 16)]
                if any(end in cidr for end in ends for cidr in self._ranges):
                    self.seen.append(f"{ends[0]} > {ends[1]} on {link}{' out' if kind == OUTGOING else ''}")


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
def test_the_sniffer_sees_what_it_looks_for() -> None:
    with Sniffer([IPv4Network("127.0.0.2/32")]) as sniffer, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"seen", ("127.0.0.2", 9))
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
    defaults = json.loads(cluster.outside.run(["ip", "-json", "route", "show", "default"]).stdout)
    assert [route["gateway"] for route in defaults] == [layout.API_ADDRESS]


def _port(cluster: Cluster) -> str:
    return str(cluster.api.configuration.host).rpartition(":")[2]
