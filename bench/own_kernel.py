"""How quick nodes with a kernel of their own are, and how well their clocks agree with this machine's."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.connections import connections_per_s
from bench.stage import stage
from gauntlet.ground.cluster import Cluster, NodeKernel, ProxyMode
from gauntlet.nodes.guest.node import GuestNode
from gauntlet.proxy import restart as proxy_restart

# As fast as possible, 4 of 92,087 connections timed out at 3,069 a second (2026-11-26): source ports came back within
# ten seconds, probably before ipvs had forgotten their last connection.
RATE_PER_S = 1500.0


@dataclass(frozen=True)
class OwnKernel:
    """What was measured.

    `up_s`: three nodes at once, start to the first answer of a Service. `boot_s`: one node, power on to the first
    command; `rules_s`: to its rules in effect. `connections_per_s`: new connections of one Locust process through ipvs,
    of at most RATE_PER_S, none of them failed. `clock_ms`: the furthest any node's clock may be from this machine's,
    after that load.
    """

    up_s: float
    boot_s: float
    rules_s: float
    connections_per_s: float
    clock_ms: float


def own_kernel() -> OwnKernel:
    """Measure in ipvs mode. Raises Inconclusive if any attempt failed."""
    with stage(ProxyMode.IPVS, NodeKernel.OWN) as found:
        rate = connections_per_s(found, rate_per_s=RATE_PER_S)
        nodes = [node for node in found.cluster.nodes if isinstance(node, GuestNode)]
        clocks = [node.clock_offset() for node in nodes]
        clock_ns = max(abs(each.offset_ns) + each.uncertainty_ns for each in clocks)
        return OwnKernel(found.up_s, *_boot_s(nodes[-1], found.cluster), rate, clock_ns / 1e6)


def _boot_s(node: GuestNode, cluster: Cluster) -> tuple[float, float]:
    """Power on to the first command, and to the rules in effect."""
    node.crash()
    begun = time.monotonic()
    node.boot()
    booted = time.monotonic()
    proxy_restart.await_anew(node, cluster, None)
    return booted - begun, time.monotonic() - begun
