"""What kube-proxies count of changes of endpoints, read before and after; and slices that say when they changed."""

from __future__ import annotations

import math

import pytest

from gauntlet.ground.finding import Verdict
from gauntlet.proxy.metrics import ProxyMetrics, bound_of, parse
from gauntlet.workload import slice_manifest
from gauntlet.workload.endpoints import Endpoint, Slice
from gauntlet.workload.programming import own_word, sync_time
from gauntlet.workload.service import Service

NAME = "kubeproxy_network_programming_duration_seconds"


def counted(within_quarter: int, within_half: int, sum_s: float, syncs: int = 0, sync_s: float = 0.0) -> ProxyMetrics:
    buckets = ((0.25, within_quarter), (0.5, within_half), (math.inf, within_half))
    return ProxyMetrics(syncs, sync_s, changes=within_half, programming_s=sum_s, programmed=buckets)


def test_the_histogram_is_read_over_all_families() -> None:
    text = "".join(
        f'{NAME}_bucket{{ip_family="{family}",le="{bound}"}} {count}\n'
        for family in ("IPv4", "IPv6")
        for bound, count in (("0.25", 3), ("0.5", 4), ("+Inf", 4))
    )
    assert parse(f"# TYPE {NAME} histogram\n{text}").programmed == ((0.25, 6), (0.5, 8), (math.inf, 8))


def test_percentiles_are_of_what_came_between_two_readings() -> None:
    before, after = counted(10, 10, 1.0).programmed, counted(18, 20, 3.0).programmed
    assert bound_of(0.5, before, after) == 0.25
    assert bound_of(0.99, before, after) == 0.5
    assert bound_of(0.5, after, after) is None
    assert bound_of(0.5, (), ()) is None


def test_its_own_word_is_the_slowest_mean_and_promises_nothing() -> None:
    before = {"node-1": counted(10, 10, 1.0), "node-2": counted(0, 0, 0.0), "node-3": None}
    after = {"node-1": counted(18, 20, 3.0), "node-2": counted(10, 10, 1.0), "node-3": counted(1, 1, 1.0)}
    found = own_word(before, after)
    assert found.verdict is Verdict.MEASURED
    assert found.figure == pytest.approx(0.2)
    assert "node-1: 10 changes, mean 0.200 s, p50 up to 0.25 s, p99 up to 0.5 s" in found.reason
    assert "node-3" not in found.reason
    assert own_word(after, after).figure is None


def test_the_time_of_a_sync_is_its_mean_meanwhile() -> None:
    before = {"node-1": counted(0, 0, 0, syncs=10, sync_s=5.0), "node-2": None}
    after = {"node-1": counted(0, 0, 0, syncs=20, sync_s=6.0), "node-2": None}
    found = sync_time(before, after)
    assert found.verdict is Verdict.MEASURED
    assert found.figure == pytest.approx(0.1)
    assert sync_time({"node-1": None}, after).figure is None
    never = {"node-1": counted(0, 0, 0)}
    assert sync_time(never, never).verdict is Verdict.MEASURED


def test_a_kube_proxy_that_counts_no_more_syncs_while_endpoints_change_fails() -> None:
    before = {"node-1": counted(0, 0, 0, syncs=10, sync_s=5.0), "node-2": counted(0, 0, 0, syncs=10, sync_s=5.0)}
    after = {"node-1": counted(0, 0, 0, syncs=20, sync_s=6.0), "node-2": before["node-2"]}
    found = sync_time(before, after)
    assert found.verdict is Verdict.FAIL
    assert found.reason.endswith("kube-proxy wrote nothing on node-2")


def test_a_slice_says_when_it_changed_and_a_patch_takes_away_what_is_gone() -> None:
    service = Service("web", app=None)
    plain = Slice("ipv4", (Endpoint(("10.244.0.2",)),))
    told = Slice("ipv4", plain.endpoints, annotations={"changed": "now"})
    made, patch = slice_manifest.endpoint_slice(service, told), slice_manifest.change(service, told, plain)
    assert made["metadata"] == {**_metadata(service, plain), "annotations": {"changed": "now"}}
    assert "annotations" not in _metadata(service, plain)
    metadata = patch["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["annotations"] == {"changed": None}


def _metadata(service: Service, declared: Slice) -> dict[str, object]:
    metadata = slice_manifest.endpoint_slice(service, declared)["metadata"]
    assert isinstance(metadata, dict)
    return dict(metadata)
