"""kube-proxy's metrics."""

from __future__ import annotations

from gauntlet.proxy_metrics import ProxyMetrics, parse

TEXT = """\
# TYPE kubeproxy_sync_proxy_rules_duration_seconds histogram
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv4",le="+Inf"} 4
kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv4"} 1.5
kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} 4
kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv6"} 0.5
kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv6"} 1
# TYPE kubeproxy_network_programming_duration_seconds histogram
kubeproxy_network_programming_duration_seconds_sum 2.25
kubeproxy_network_programming_duration_seconds_count 3
# TYPE kubeproxy_sync_full_proxy_rules_duration_seconds histogram
kubeproxy_sync_full_proxy_rules_duration_seconds_sum 9
"""


def test_families_are_added_up() -> None:
    assert parse(TEXT) == ProxyMetrics(syncs=5, sync_s=2.0, changes=3, programming_s=2.25)


def test_proxy_that_has_not_synced_counts_nothing() -> None:
    assert parse("# TYPE up gauge\nup 1\n") == ProxyMetrics(0, 0.0, 0, 0.0)
