"""What a kube-proxy consumes between two readings."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.proxy.consumption import Consumption, Reading, between, parse
from gauntlet.proxy.metrics import ProxyMetrics

STAT = (
    "4711 (kube (proxy) x) S 1 4711 4711 0 -1 4194560 9000 0 0 0 250 50 0 0 20 0 12 0 123456 1300000000 12800 "
    "18446744073709551615 1 1 0 0 0 0 0 0 2143420159 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0"
)
EARLY = Reading(at_s=10.0, started="1", cpu_s=3.0, memory_mib=50.0, syncs=4, sync_s=0.2)
LATE = Reading(at_s=15.0, started="1", cpu_s=3.5, memory_mib=52.0, syncs=8, sync_s=0.4)


def test_a_reading_is_of_the_process_and_its_metrics() -> None:
    found = parse(STAT, 1.0, ProxyMetrics(syncs=4, sync_s=0.2, changes=0, programming_s=0.0))
    assert found == Reading(1.0, "123456", 3.0, 50.0, 4, 0.2)


def test_what_was_consumed_is_the_difference() -> None:
    (found,) = between({"a": EARLY}, {"a": LATE}).values()
    assert (round(found.cpu, 6), found.memory_mib, round(found.sync_s or 0, 6)) == (0.1, 52.0, 0.05)


def test_nothing_is_said_of_another_process_or_of_one_that_was_not_read_before() -> None:
    assert between({"a": EARLY}, {"a": replace(LATE, started="2")}) == {}
    assert between({}, {"a": LATE}) == {}


def test_without_a_sync_there_is_no_time_of_one() -> None:
    assert between({"a": EARLY}, {"a": replace(LATE, syncs=4)})["a"] == Consumption(0.1, 52.0, None)
