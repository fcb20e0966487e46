"""docs/benchmarks.md says of each figure when it was measured."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.figures import MEANING
from bench.page import written

FIRST, SECOND = datetime(2026, 11, 28, 9, 30, tzinfo=UTC), datetime(2026, 11, 29, 21, 0, tzinfo=UTC)


def rows(page: str) -> dict[str, list[str]]:
    return {cells[1].strip("` "): cells for line in page.splitlines() if len(cells := line.split("|")) == 8}


def test_a_run_of_some_parts_leaves_the_rows_of_the_others() -> None:
    first = written("", {"cluster_up_s": 5.1, "gate_s": 254}, FIRST)
    second = rows(written(first, {"gate_s": 300, "recovery_error_ms": {"50": 4.1}}, SECOND))
    assert second["cluster_up_s"][3].strip() == "5.1"
    assert second["cluster_up_s"][6].strip() == "2026-11-28 09:30"
    assert second["gate_s"][3].strip() == "300"
    assert second["gate_s"][6].strip() == "2026-11-29 21:00"
    assert second["recovery_error_ms"][3].strip() == "50: 4.1"
    assert second["probes_per_s"][3].strip() == "not measured"


def test_every_key_has_a_row() -> None:
    assert set(MEANING) <= set(rows(written("", {}, FIRST)))
