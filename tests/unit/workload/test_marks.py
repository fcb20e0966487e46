"""Marks of other programs: what the counters of nodes tell."""

from __future__ import annotations

import pytest

from gauntlet.ground.finding import Verdict
from gauntlet.workload.marks import are_kept, counted

LISTED = """\
table inet gauntlet-marks {
	counter marked {
		packets 12 bytes 720
	}
	counter kept {
		packets 10 bytes 600
	}
	counter lost {
		packets 2 bytes 120
	}
}
"""


def test_counters_are_read() -> None:
    assert counted(LISTED) == {"marked": 12, "kept": 10, "lost": 2}


@pytest.mark.parametrize(
    ("kept", "lost", "verdict"), [(3, 0, Verdict.PASS), (3, 1, Verdict.FAIL), (0, 0, Verdict.INCONCLUSIVE)]
)
def test_one_packet_without_its_mark_fails(kept: int, lost: int, verdict: Verdict) -> None:
    found = are_kept({"a": {"marked": 5, "kept": kept, "lost": lost}, "b": {"marked": 0, "kept": 0, "lost": 0}})
    assert (found.verdict, found.figure) == (verdict, float(lost))
