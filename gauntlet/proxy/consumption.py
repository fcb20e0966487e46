"""What the kube-proxy of a node consumes while something lasts: processor time, memory, and time for its syncs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gauntlet.ground.cluster import CommandFailed, Node
from gauntlet.proxy import metrics

# Of a second: USER_HZ of every architecture that Kubernetes runs on. Of a page: 4 KiB there as well.
_TICKS_PER_S = 100
_MIB_PER_PAGE = 4 / 1024
# Fields 14, 15, 22 and 24 of proc(5) stat, counted from the one after the name of the program.
_USER, _SYSTEM, _STARTED, _RSS = 11, 12, 19, 21


@dataclass(frozen=True)
class Reading:
    """What a kube-proxy had consumed at a moment. `started` tells one process from the next."""

    at_s: float
    started: str
    cpu_s: float
    memory_mib: float
    syncs: int
    sync_s: float


@dataclass(frozen=True)
class Consumption:
    """What it consumed between two readings: share of a processor, memory at the end, seconds for a sync on average.

    `sync_s` is None if there was no sync.
    """

    cpu: float
    memory_mib: float
    sync_s: float | None


def parse(stat: str, at_s: float, seen: metrics.ProxyMetrics) -> Reading:
    """A reading from /proc/PID/stat and the metrics."""
    fields = stat.rpartition(")")[2].split()
    cpu_s = (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_PER_S
    memory_mib = int(fields[_RSS]) * _MIB_PER_PAGE
    return Reading(at_s, fields[_STARTED], cpu_s, memory_mib, seen.syncs, seen.sync_s)


def read(nodes: Iterable[Node]) -> dict[str, Reading]:
    """Of each node, by its name, as far as its kube-proxy runs and says something."""
    found: dict[str, Reading] = {}
    for node in nodes:
        try:
            pid = node.proxy_pid()
            if pid is not None:
                stat = node.run(("cat", f"/proc/{pid}/stat")).stdout
                found[node.name] = parse(stat, time.monotonic(), metrics.read(node))
        except CommandFailed:
            continue
    return found


def between(before: Mapping[str, Reading], after: Mapping[str, Reading]) -> dict[str, Consumption]:
    """By node, what was consumed by kube-proxies that were the same process at both times."""
    return {
        name: _between(before[name], late)
        for name, late in after.items()
        if name in before and before[name].started == late.started and late.at_s > before[name].at_s
    }


def _between(early: Reading, late: Reading) -> Consumption:
    syncs = late.syncs - early.syncs
    return Consumption(
        cpu=(late.cpu_s - early.cpu_s) / (late.at_s - early.at_s),
        memory_mib=late.memory_mib,
        sync_s=(late.sync_s - early.sync_s) / syncs if syncs else None,
    )
