"""Changes of endpoints one after another, and what kube-proxy itself counted of them meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gauntlet.ground.cluster import CommandFailed, Node
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy.metrics import ProxyMetrics, bound_of
from gauntlet.traffic import Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.clients import Clients
from gauntlet.workload.endpoint_change import EndpointChange, Pace

OWN = "programming-by-its-metrics"
SYNCS = "sync-time"
# A change takes less than a tenth of a second, and is followed by a rest of 1.3 s. Kube-proxies of three nodes that are
# late one time in ten are seen 99 times in 100 (0.9^48 < 0.01). If each change takes seconds, a few say enough. The
# deadline leaves room for a change that finds a sync of half of that under way.
PACE = Pace(changes=16, deadline_s=30.0, begun_within_s=60.0)


@dataclass(frozen=True)
class Programmed:
    """The Service whose endpoint was changed, and its two backends.

    `attempts` are those of its clients from the first change on, `counted` is what kube-proxies counted meanwhile.
    """

    service: str
    backends: frozenset[str]
    attempts: pl.DataFrame
    counted: tuple[Finding, ...]


@dataclass(frozen=True)
class ProgrammingWatch:
    """Call it to change the endpoint of a Service, again and again, under traffic from the pod of every node."""

    nodes: Sequence[Node]
    traffic: Traffic
    clients: Clients
    workload: CaseWorkload
    evidence: Evidence

    def __call__(self, pace: Pace = PACE) -> Programmed:
        """Raises what kept the changes from being made."""
        change = EndpointChange.of_its_own(self.workload, self.evidence.events, self.traffic, self.clients.pods)
        before = self._metrics()
        made = change.make(pace)
        self.evidence.add(made.attempts)
        if made.trouble is not None:
            raise made.trouble
        changing = made.attempts.filter(pl.col("at_ns") >= made.made[0].at_ns) if made.made else made.attempts
        counted = (own_word(before, after := self._metrics()), sync_time(before, after))
        return Programmed(change.served.name, change.backends, changing, counted)

    def _metrics(self) -> dict[str, ProxyMetrics | None]:
        """By node; None of a kube-proxy that does not say."""
        return {each.name: _read(each) for each in self.nodes}


def _read(node: Node) -> ProxyMetrics | None:
    try:
        return proxy_metrics.read(node)
    except CommandFailed:
        return None


def own_word(before: Mapping[str, ProxyMetrics | None], after: Mapping[str, ProxyMetrics | None]) -> Finding:
    """How long changes of endpoints took by kubeproxy_network_programming_duration_seconds: for the record.

    The figure is the mean of the slowest kube-proxy. Of the distribution its histogram has bounds alone.
    """
    means: dict[str, float] = {}
    lines: list[str] = []
    for node, (was, now) in _pairs(before, after).items():
        changes = now.changes - was.changes
        if changes > 0:
            means[node] = (now.programming_s - was.programming_s) / changes
            p50, p99 = (bound_of(share, was.programmed, now.programmed) for share in (0.5, 0.99))
            lines.append(f"{node}: {changes} changes, mean {means[node]:.3f} s{_bounds(p50, p99)}")
    if not means:
        return Finding(OWN, Verdict.MEASURED, "no kube-proxy counted a change of endpoints")
    return Finding(OWN, Verdict.MEASURED, f"by its own word: {'; '.join(lines)}", max(means.values()), "s")


def _bounds(p50: float | None, p99: float | None) -> str:
    return f", p50 up to {p50:g} s, p99 up to {p99:g} s" if p50 is not None and p99 is not None else ""


def sync_time(before: Mapping[str, ProxyMetrics | None], after: Mapping[str, ProxyMetrics | None]) -> Finding:
    """How long a sync of the rules took meanwhile, on average, where that took longest: for the record.

    A kube-proxy that has counted syncs before, and counts none while endpoints change, says what is not so.
    """
    still = [node for node, (was, now) in _pairs(before, after).items() if was.syncs and now.syncs == was.syncs]
    if still:
        reason = f"endpoints changed, and by its own metrics kube-proxy wrote nothing on {', '.join(still)}"
        return Finding(SYNCS, Verdict.FAIL, reason)
    means = {
        node: (now.sync_s - was.sync_s) / (now.syncs - was.syncs)
        for node, (was, now) in _pairs(before, after).items()
        if now.syncs > was.syncs
    }
    if not means:
        return Finding(SYNCS, Verdict.MEASURED, "no kube-proxy counted a sync")
    lines = "; ".join(f"{node}: {mean:.3f} s" for node, mean in means.items())
    return Finding(SYNCS, Verdict.MEASURED, f"mean time of a sync of the rules: {lines}", max(means.values()), "s")


def _pairs(
    before: Mapping[str, ProxyMetrics | None], after: Mapping[str, ProxyMetrics | None]
) -> dict[str, tuple[ProxyMetrics, ProxyMetrics]]:
    """Both readings of each node of which there are both."""
    both = {node: (before.get(node), now) for node, now in after.items()}
    return {node: (was, now) for node, (was, now) in both.items() if was is not None and now is not None}
