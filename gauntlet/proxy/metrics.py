"""What kube-proxy says of its own work: its Prometheus metrics, read on the node."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from gauntlet.ground.cluster import Node
from gauntlet.proxy import ports

# metricsBindAddress of KubeProxyConfiguration, by default on the node's loopback only. curl, with its thirty libraries,
# takes a guest of User-Mode Linux twice as long as bash and grep, 80 ms instead of 36, in which no rules are written.
ASK = rf"exec 3<>/dev/tcp/127.0.0.1/{ports.METRICS} && printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3"
_GET = ASK + """ && grep '^kube' <&3 && printf "# at %(%s)T\\n" -1"""
_GET_S = 10.0
SYNC_S = "kubeproxy_sync_proxy_rules_duration_seconds"
PROGRAMMING_S = "kubeproxy_network_programming_duration_seconds"
SYNCED_AT_S = "kubeproxy_sync_proxy_rules_last_timestamp_seconds"
QUEUED_AT_S = "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds"
PENDING = (
    "kubeproxy_sync_proxy_rules_endpoint_changes_pending",
    "kubeproxy_sync_proxy_rules_service_changes_pending",
)
HEARD = (
    "kubeproxy_sync_proxy_rules_endpoint_changes_total",
    "kubeproxy_sync_proxy_rules_service_changes_total",
)
FAILED = (
    "kubeproxy_sync_proxy_rules_iptables_restore_failures_total",
    "kubeproxy_sync_proxy_rules_nftables_sync_failures_total",
)
# Counted by nfacct, so that they are missing where the kernel does not have it.
AT_LOCALHOST = "kubeproxy_iptables_localhost_nodeports_accepted_packets_total"
INVALID = "kubeproxy_iptables_ct_state_invalid_dropped_packets_total"
BUILD = "kubernetes_build_info"


# Of a histogram: how many were at most so many seconds, by these bounds.
Buckets: TypeAlias = tuple[tuple[float, int], ...]


@dataclass(frozen=True)
class SyncTimes:
    """When the rules of one IP family were last written, and when that was last asked for.

    In seconds since 1970; 0 for never.
    """

    synced_at_s: float = 0.0
    queued_at_s: float = 0.0


@dataclass(frozen=True)
class ProxyMetrics:
    """`syncs` of the rules so far and the seconds they took in all; and the same for endpoint changes, from the
    change to its programming (kubernetes/community, sig-scalability/slos/network_programming_latency.md).

    `version` is that of kube-proxy, "1.37.2". `families` holds the times of each IP family that it writes rules for.
    Of `heard` changes of Services and endpoints so far `pending` wait for a sync to begin. No sync took longer than
    `longest_sync_s`, a bound of the histogram: infinite where it has none so high. `failed_syncs` could not write their
    rules. `at_localhost` packets came to NodePorts at 127.0.0.1, `invalid` ones were dropped as such; None if they are
    not counted. `at_s` is when it said so, by the node's clock, in whole seconds since 1970; 0 where that was not
    asked. `programmed` is the histogram of the times from endpoint changes to their programming.
    """

    syncs: int
    sync_s: float
    changes: int
    programming_s: float
    version: str = ""
    families: tuple[SyncTimes, ...] = ()
    heard: int = 0
    pending: int = 0
    longest_sync_s: float = 0.0
    failed_syncs: int = 0
    at_localhost: float | None = None
    invalid: float | None = None
    at_s: float = 0.0
    programmed: Buckets = ()

    @property
    def furthest_behind(self) -> SyncTimes:
        """The times of the family whose rules are furthest behind what was asked for."""
        return max(self.families, key=lambda each: each.queued_at_s - each.synced_at_s, default=SyncTimes())


def read(node: Node) -> ProxyMetrics:
    """Ask the kube-proxy of this node. Raises CommandFailed if it does not answer."""
    return parse(node.run(["bash", "-c", _GET], timeout_s=_GET_S).stdout)


def parse(text: str) -> ProxyMetrics:
    """Read the exposition text. A metric that is not there counts as zero: nothing was synced yet."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = dict(_totals(samples))
    return ProxyMetrics(
        syncs=int(found.get(f"{SYNC_S}_count", 0)),
        sync_s=found.get(f"{SYNC_S}_sum", 0.0),
        changes=int(found.get(f"{PROGRAMMING_S}_count", 0)),
        programming_s=found.get(f"{PROGRAMMING_S}_sum", 0.0),
        version=next((each.labels.get("git_version", "") for each in samples if each.name == BUILD), "").lstrip("v"),
        families=_families(samples),
        heard=int(sum(each.value for each in samples if each.name in HEARD)),
        pending=int(sum(each.value for each in samples if each.name in PENDING)),
        longest_sync_s=_longest_sync_s(samples),
        failed_syncs=int(sum(each.value for each in samples if each.name in FAILED)),
        at_localhost=_counted(samples, AT_LOCALHOST),
        invalid=_counted(samples, INVALID),
        at_s=_told_at_s(text),
        programmed=tuple((bound, int(count)) for bound, count in sorted(_buckets(samples, PROGRAMMING_S).items())),
    )


def _counted(samples: Iterable[Sample], name: str) -> float | None:
    found = [each.value for each in samples if each.name == name]
    return sum(found) if found else None


def _told_at_s(text: str) -> float:
    found = re.search(r"^# at (\d+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def _totals(samples: Iterable[Sample]) -> Iterator[tuple[str, float]]:
    """Sums and counts of the histograms above, over all of their labels (newer versions label them by IP family)."""
    totals: dict[str, float] = {}
    for sample in samples:
        if sample.name.startswith((f"{SYNC_S}_", f"{PROGRAMMING_S}_")) and sample.name.endswith(("_sum", "_count")):
            totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
    yield from totals.items()


def _longest_sync_s(samples: Iterable[Sample]) -> float:
    """The lowest bound of the histogram that no sync was above, of all families; 0 without a sync."""
    below = _buckets(samples, SYNC_S)
    total = below.get(math.inf, 0.0)
    return min(bound for bound, count in below.items() if count == total) if total else 0.0


def _buckets(samples: Iterable[Sample], name: str) -> dict[float, float]:
    """A histogram of all IP families together: how many were at most so much, by the bounds."""
    below: dict[float, float] = {}
    for sample in samples:
        if sample.name == f"{name}_bucket":
            bound = float(sample.labels["le"])
            below[bound] = below.get(bound, 0.0) + sample.value
    return below


def bound_of(share: float, before: Buckets, after: Buckets) -> float | None:
    """The least bound that this share of what came between two readings did not exceed; None if nothing came."""
    earlier = dict(before)
    came = [(bound, count - earlier.get(bound, 0)) for bound, count in after]
    total = max((count for _, count in came), default=0)
    return next((bound for bound, count in came if count >= share * total), None) if total else None


def _families(samples: Iterable[Sample]) -> tuple[SyncTimes, ...]:
    """The times of each family; older versions do not label them and write rules for one."""
    synced: dict[str, float] = {}
    queued: dict[str, float] = {}
    for sample in samples:
        family = sample.labels.get("ip_family", "")
        if sample.name == SYNCED_AT_S:
            synced[family] = sample.value
        elif sample.name == QUEUED_AT_S:
            queued[family] = sample.value
    return tuple(SyncTimes(synced.get(each, 0.0), queued.get(each, 0.0)) for each in sorted({**synced, **queued}))
