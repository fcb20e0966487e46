"""Memory of a run: how it is read and summed up."""

from __future__ import annotations

import pytest

from bench.memory import Peak, pss_kb

ROLLUP = """\
55d0c0a00000-7ffd5a9e9000 ---p 00000000 00:00 0                          [rollup]
Rss:               12345 kB
Pss:                4567 kB
Pss_Dirty:          4000 kB
Pss_Anon:           3000 kB
Shared_Clean:       7000 kB
"""


def test_shared_pages_count_in_part() -> None:
    assert pss_kb(ROLLUP) == 4567


def test_a_process_on_its_way_out_has_none() -> None:
    assert pss_kb("") == 0


def test_the_peak_is_of_all_processes_at_one_time() -> None:
    peak = Peak()
    assert peak.gib == 0.0
    for sizes in ([1024**2, 1024**2], [3 * 1024**2, 0], [1, 1]):
        peak.see(sizes)
    assert peak.gib == pytest.approx(3.0)
