"""What kube-proxy says of its own work: its Prometheus metrics, read on the node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from gauntlet.cluster import Node

# metricsBindAddress of KubeProxyConfiguration, by default on the node's loopback only.
ADDRESS = "http://127.0.0.1:10249/metrics"
SYNC_S = "kubeproxy_sync_proxy_rules_duration_seconds"
PROGRAMMING_S = "kubeproxy_network_programming_duration_seconds"


@dataclass(frozen=True)
class ProxyMetrics:
    """`syncs` of the rules so far and the seconds they took in all; and the same for endpoint changes, from the
    change to its programming (kubernetes/community, sig-scalability/slos/network_programming_latency.md).
    """

    syncs: int
    sync_s: float
    changes: int
    programming_s: float


def read(node: Node) -> ProxyMetrics:
    """Ask the kube-proxy of this node. Raises CommandFailed where it does not answer."""
    return parse(node.run(["curl", "--fail", "--silent", "--show-error", "--max-time", "10", ADDRESS]).stdout)


def parse(text: str) -> ProxyMetrics:
    """Read the exposition text. A metric that is not there counts as zero: nothing was synced yet."""
    found = dict(_totals(text))
    return ProxyMetrics(
        syncs=int(found.get(f"{SYNC_S}_count", 0)),
        sync_s=found.get(f"{SYNC_S}_sum", 0.0),
        changes=int(found.get(f"{PROGRAMMING_S}_count", 0)),
        programming_s=found.get(f"{PROGRAMMING_S}_sum", 0.0),
    )


def _totals(text: str) -> Iterator[tuple[str, float]]:
    """Sums and counts of the histograms above, over all of their labels (newer versions label them by IP family)."""
    totals: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.name not in (SYNC_S, PROGRAMMING_S):
            continue
        for sample in family.samples:
            if sample.name.endswith(("_sum", "_count")):
                totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
    yield from totals.items()
