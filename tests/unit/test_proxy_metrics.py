"""kube-proxy's metrics."""

from __future__ import annotations

from gauntlet.proxy.metrics import ProxyMetrics, SyncTimes, parse

TEXT = """\
# TYPE kubeproxy_sync_proxy_rules_duration_seconds histogram
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv4",le="0.512"} 3
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv4",le="1.024"} 4
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv4",le="2.048"} 4
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv4",le="+Inf"} 4
kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv4"} 1.5
kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} 4
kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="IPv6"} 0.5
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv6",le="0.512"} 1
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv6",le="1.024"} 1
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv6",le="2.048"} 1
kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family="IPv6",le="+Inf"} 1
kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv6"} 1
# TYPE kubeproxy_sync_proxy_rules_endpoint_changes_pending gauge
kubeproxy_sync_proxy_rules_endpoint_changes_pending 2
# TYPE kubeproxy_sync_proxy_rules_endpoint_changes_total counter
kubeproxy_sync_proxy_rules_endpoint_changes_total 30
# TYPE kubeproxy_sync_proxy_rules_service_changes_total counter
kubeproxy_sync_proxy_rules_service_changes_total 9
# TYPE kubeproxy_sync_proxy_rules_service_changes_pending gauge
kubeproxy_sync_proxy_rules_service_changes_pending 1
# TYPE kubeproxy_network_programming_duration_seconds histogram
kubeproxy_network_programming_duration_seconds_sum 2.25
kubeproxy_network_programming_duration_seconds_count 3
# TYPE kubeproxy_sync_full_proxy_rules_duration_seconds histogram
kubeproxy_sync_full_proxy_rules_duration_seconds_sum 9
"""


def test_families_are_added_up() -> None:
    assert parse(TEXT) == ProxyMetrics(
        syncs=5, sync_s=2.0, changes=3, programming_s=2.25, heard=39, pending=3, longest_sync_s=1.024
    )


def test_syncs_that_could_not_write_their_rules_are_counted_in_every_family() -> None:
    failed = "kubeproxy_sync_proxy_rules_nftables_sync_failures_total"
    text = f'{failed}{{ip_family="IPv4"}} 3\n{failed}{{ip_family="IPv6"}} 1\n'
    assert parse(text).failed_syncs == 4
    assert parse("kubeproxy_sync_proxy_rules_iptables_restore_failures_total 2\n").failed_syncs == 2
    assert parse(TEXT).failed_syncs == 0


def test_a_sync_above_all_bounds_has_none() -> None:
    text = TEXT.replace('le="2.048"} 4', 'le="2.048"} 3').replace('le="1.024"} 4', 'le="1.024"} 3')
    assert parse(text).longest_sync_s == float("inf")


def test_proxy_that_has_not_synced_counts_nothing() -> None:
    assert parse("# TYPE up gauge\nup 1\n") == ProxyMetrics(0, 0.0, 0, 0.0)


def test_the_time_of_the_node_is_read_where_it_is_told() -> None:
    assert parse(TEXT + "# at 1795813226\n").at_s == 1795813226.0
    assert parse(TEXT).at_s == 0.0


def test_each_family_has_its_times_and_the_one_furthest_behind_is_known() -> None:
    synced, queued = (f"kubeproxy_sync_proxy_rules_last_{which}timestamp_seconds" for which in ("", "queued_"))
    told = parse(
        f'{synced}{{ip_family="IPv4"}} 100\n{queued}{{ip_family="IPv4"}} 90\n'
        f'{synced}{{ip_family="IPv6"}} 80\n{queued}{{ip_family="IPv6"}} 95\n'
    )

    assert told.families == (SyncTimes(100.0, 90.0), SyncTimes(80.0, 95.0))
    assert told.furthest_behind == SyncTimes(80.0, 95.0)
    assert parse(TEXT).furthest_behind == SyncTimes(0.0, 0.0)
