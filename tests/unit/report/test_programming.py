"""Programming latency in report and summary: by node, subjects side by side, with a chart of every change."""

from __future__ import annotations

from pathlib import Path

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Spread, Verdict
from gauntlet.report import results
from gauntlet.report.page import page
from gauntlet.report.programming import programming_rows
from gauntlet.report.results import Results
from gauntlet.report.spread import spread
from gauntlet.report.summary import summary
from tests.unit.report.synthetic import CASE, passing, run

IPTABLES, NFTABLES = ProxyMode.IPTABLES, ProxyMode.NFTABLES
LATENCY = "suites/conformance/test_programming_latency.py::test_changes_are_soon_in_effect"


def taken(subject: str, *figures: float, verdict: Verdict = Verdict.PASS) -> tuple[results.FindingRecord, ...]:
    spreads = (Spread.of_figures("node-1", figures, 0.01), Spread.of_figures("node-2", (0.02, *figures), 0.01))
    found = Finding("programming", verdict, "20 changes", max(figures), "s", 3.0, 0.01, spreads=spreads)
    return results.records(LATENCY, subject, [found])


WHOLE = run(taken(IPTABLES, 0.04, 0.06) + taken(NFTABLES, 12.02, 12.05, verdict=Verdict.FAIL))


def test_percentiles_are_figures_that_were_seen() -> None:
    few, many = Spread.of_figures("x", [3.0, 1.0, 2.0]), Spread.of_figures("x", range(1, 201))
    assert (few.p50, few.p99, few.longest, few.figures) == (2.0, 3.0, 3.0, (1.0, 2.0, 3.0))
    assert (many.p50, many.p99, many.longest) == (100, 198, 200)


def test_nodes_are_rows_and_subjects_columns() -> None:
    first, second = programming_rows(WHOLE)
    assert (first.node, second.node) == ("node-1", "node-2")
    assert [each and (each.verdict, each.text) for each in first.figures] == [
        (Verdict.PASS, "p50 0.04 s, p99 0.06 s, longest 0.06 s ± 0.01"),
        (Verdict.FAIL, "p50 12.02 s, p99 12.05 s, longest 12.05 s ± 0.01"),
    ]


def test_a_subject_that_has_none_is_not_run() -> None:
    rows = programming_rows(run(taken(IPTABLES, 0.04) + passing(CASE, NFTABLES)))
    assert [row.figures[1] for row in rows] == [None, None]
    assert programming_rows(run(passing(CASE, IPTABLES))) == ()


def test_an_upgrades_phases_are_not_shown_beside_it() -> None:
    phase = [each.model_copy(update={"case": "upgrade::from"}) for each in taken(IPTABLES, 0.04)]
    assert programming_rows(run(tuple(phase))) == ()


def test_summary_and_page_have_it(tmp_path: Path) -> None:
    text = summary(WHOLE)
    assert "### Programming latency by subject" in text
    assert "| node-1 | ✅ p50 0.04 s, p99 0.06 s, longest 0.06 s ± 0.01 | ❌ p50 12.02 s" in text
    drawn = page(WHOLE, tmp_path)
    assert '<h2 id="programming">' in drawn
    assert drawn.count("Each change of endpoints as a dot") == 2
    assert "Programming latency" not in page(run(passing(CASE, IPTABLES)), tmp_path)


def test_the_distribution_survives_the_file() -> None:
    again = Results.model_validate_json(WHOLE.model_dump_json(by_alias=True))
    assert again == WHOLE
    assert again.findings[0].spreads[0].figures == (0.04, 0.06)


def test_a_screen_reader_is_told_the_percentiles() -> None:
    drawn = spread(WHOLE.findings[0].spreads, "s", "programming")
    assert 'aria-label="programming: node-1 p50 0.04 s, p99 0.06 s, longest 0.06 s; node-2' in drawn
    assert spread((), "s", "programming") == ""
