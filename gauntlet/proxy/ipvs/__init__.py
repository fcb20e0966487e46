"""What the IPVS of a node's kernel holds, read from /proc/net/ip_vs* and /sys/module: no ipvsadm, no lsmod."""

from __future__ import annotations

from gauntlet.proxy.ipvs.inspection import Ipvs, inspect, listing
from gauntlet.proxy.ipvs.model import (
    Connection,
    Module,
    Persistence,
    Protocol,
    Rates,
    RealServer,
    Stats,
    Totals,
    VirtualServer,
)

__all__ = [
    "Connection",
    "Ipvs",
    "Module",
    "Persistence",
    "Protocol",
    "Rates",
    "RealServer",
    "Stats",
    "Totals",
    "VirtualServer",
    "inspect",
    "listing",
]
