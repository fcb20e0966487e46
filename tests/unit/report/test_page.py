"""The HTML page: it says the right thing first, needs nothing outside itself, and trusts no name."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import History
from gauntlet.report import palette, results
from gauntlet.report.page import page
from tests.unit.report.synthetic import (
    CASE,
    EXPERIMENT,
    Shape,
    account,
    experiment,
    failing,
    history,
    passing,
    run,
    subject,
)

IPTABLES, NFTABLES = ProxyMode.IPTABLES, ProxyMode.NFTABLES
HOSTILE = """</style><script>alert("x")</script><img src=http://evil.example/x onerror=alert(1)>'"""


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.found if (value := attributes.get(attribute))]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def flush(folder: Path) -> str:
    """The page of one experiment in two modes, with balance and outage."""
    found = experiment(folder, EXPERIMENT, IPTABLES, Shape(outage_s=8.94, remedy_s=8.0))
    found += experiment(folder, EXPERIMENT, NFTABLES, Shape(outage_s=7.61, remedy_s=6.6))
    return page(run(found), folder)


def test_the_answers_come_first() -> None:
    text = Elements(page(run(passing(CASE, IPTABLES) + failing(CASE, NFTABLES)), Path("none"))).text
    order = [
        text.index("May this cluster take iptables? Yes The only case passed."),
        text.index("May this cluster take nftables? No Of 1 case, 1 failed."),
        text.index("balance web-1 got 70 %"),
        text.index("pytest 'suites/conformance/test_node_port.py::test_outside[nftables]' --kp-modes=nftables"),
        text.rindex("All cases"),
    ]
    assert order == sorted(order)


def test_the_page_says_what_each_subject_is_and_asks_about_each() -> None:
    changed = subject("next=nftables@1.37+SomeGate", kernel="6.1.176", origin="downloaded")
    changed = changed.model_copy(update={"fields": {"nftables": {"minSyncPeriod": "5s"}}})
    text = Elements(page(run(passing(CASE, "next"), "iptables@1.36", "iptables@1.37", changed), Path("none"))).text
    heading = "Subject Mode kube-proxy Program Gates and fields Kernel"
    assert f"{heading} iptables@1.36 iptables 1.36.3 built from source" in text
    assert 'next nftables 1.37.2 downloaded SomeGate=true, nftables={"minSyncPeriod": "5s"} 6.1.176' in text
    questions = re.findall(r"May this cluster take ([^?]*)\?", text)
    assert questions == ["iptables@1.36", "iptables@1.37", "next (nftables 1.37.2)"]


def test_a_program_of_the_users_own_is_shown_with_the_beginning_of_its_checksum() -> None:
    own = subject("nftables", origin="given: /opt/kube-proxy").model_copy(update={"sha256": "0123456789abcdef" * 4})
    text = Elements(page(run(passing(CASE, "nftables"), own), Path("none"))).text
    assert "nftables 1.37.2 given: /opt/kube-proxy (SHA-256 0123456789ab…) " in text


def test_kube_proxies_of_different_versions_are_named_beside_the_oldest() -> None:
    mixed = subject("nftables").model_copy(update={"version": "1.36.3", "versions": {"b": "1.37.2", "a": "1.36.3"}})
    text = Elements(page(run(passing(CASE, "nftables"), mixed), Path("none"))).text
    assert "nftables 1.36.3 built from source" in text
    assert "6.18.44 Warning: kube-proxies of different versions: 1.36.3 on a; 1.37.2 on b" in text
    assert "Warning" not in Elements(page(run(passing(CASE, "nftables"), "nftables"), Path("none"))).text


def test_the_columns_are_the_subjects_in_their_order_with_what_the_name_does_not_say_beneath() -> None:
    record = results.records(EXPERIMENT, "next", [Finding("outage", Verdict.PASS, "", 2.0, "s", 5.0, 0.04)])
    asked = ("next=nftables@1.37", "nftables@1.36", "iptables")
    text = Elements(page(run(record, *asked), Path("none"))).text
    assert "Experiment next nftables 1.37.2 nftables@1.36 iptables 1.37.2 outage recovery" in text
    assert "NAT flush ✓ pass 2 s ± 0.04" in text


def test_rows_of_many_subjects_have_signs_alone_and_the_names_above() -> None:
    few, many = (tuple(f"subject-{n}=nftables@1.37" for n in range(count)) for count in (3, 4))
    found = tuple(record for n in range(4) for record in passing(CASE, f"subject-{n}"))
    head, hidden = 'class="heads"', 'class="who hidden"'
    small, large = (page(run(found, *each), Path("none")) for each in (few, many))
    assert (head in small, hidden in small, small.count('class="who"')) == (False, False, 3)
    assert (head in large, large.count(hidden), large.count('class="who"')) == (True, 4, 0)


def test_a_measured_figure_is_called_measured() -> None:
    found = [Finding("outage", Verdict.MEASURED, "of client-1", 7.0, "s"), Finding("count", Verdict.PASS, "all there")]
    text = Elements(page(run(results.records(EXPERIMENT, IPTABLES, found), IPTABLES), Path("none"))).text
    assert "take iptables? Yes" in text
    assert "outage · measured 7 s" in text


def test_what_did_not_pass_is_explained_where_it_is_told() -> None:
    told = account(CASE, NFTABLES)
    text = page(run(failing(CASE, NFTABLES), accounts=(told,)), Path("none"))
    elements = Elements(text)
    order = [
        elements.text.index("Expected From the pod of every node, each backend gets its fair share."),
        elements.text.index("Promised No client notices the fault. (slos/default.yaml:3)"),
        elements.text.index("web-1 got 70 %"),
        elements.text.index("SLO balance.max_skew: 0.1 (slos/default.yaml:18)"),
        elements.text.index("Next: compare the shares in the rules with even ones"),
        elements.text.index("What node-2 does with this traffic"),
        elements.text.index("10.244.1.2:80 70.0%, 10.244.2.2:80 15.0%, 10.244.3.2:80 15.0%"),
    ]
    assert order == sorted(order)
    assert set(told.files) <= set(elements.values("href"))


def test_the_logs_of_clusters_are_linked(tmp_path: Path) -> None:
    (tmp_path / "logs" / "run-nftables-a1b2c3").mkdir(parents=True)
    elements = Elements(page(run(failing(CASE, NFTABLES)), tmp_path))
    assert "logs/run-nftables-a1b2c3/" in elements.values("href")


def test_a_case_is_told_in_a_sentence_whether_or_not_it_passed() -> None:
    told = account(CASE, IPTABLES)
    text = Elements(page(run(passing(CASE, IPTABLES), accounts=(told,)), Path("none"))).text
    assert text.count("each backend gets its fair share.") == 1


def test_a_run_without_findings_is_not_known() -> None:
    text = Elements(page(run(()), Path("none"))).text
    assert text.count("Not known No case ran with it") == 2
    assert "No case left a finding" in text


def test_a_run_that_did_not_finish_says_so() -> None:
    text = Elements(page(run(passing(CASE, IPTABLES), IPTABLES, incomplete="interrupted by Ctrl-C"), Path("none"))).text
    assert "This run did not finish: interrupted by Ctrl-C. It cannot pass." in text
    assert "take iptables? Not known" in text


def test_a_skip_is_listed_with_its_reason() -> None:
    skip = results.Skip(case=CASE, subject=NFTABLES, reason="no such table in nftables mode")
    text = Elements(page(run(passing(CASE, IPTABLES), skipped=(skip,)), Path("none"))).text
    assert "no such table in nftables mode" in text
    assert "1 skipped as unsupported" in text


def test_the_outage_is_in_the_heading_of_each_subject(flush: str) -> None:
    text = Elements(flush).text
    assert "iptables — outage 8.94 s ± 0.04" in text
    assert "nftables — outage 7.61 s ± 0.04" in text
    assert "1.33 s shorter" in text


def test_an_outage_that_was_allowed_is_not_shown_as_failed_because_another_check_failed() -> None:
    found = [
        Finding("outage", Verdict.PASS, "as promised", 2.0, "s", 5.0),
        Finding("recovery", Verdict.INCONCLUSIVE, "too coarse", 3.0, "s", 5.0),
        Finding("latency", Verdict.FAIL, "slow", 900.0, "ms", 800.0),
    ]
    text = page(run(results.records(EXPERIMENT, IPTABLES, found), IPTABLES), Path("none"))
    row = re.search(r'<td class="number bar">.*?</tr>', text, re.DOTALL)
    assert row
    outage, recovery = row.group().split('<td class="number">')[:2]
    assert 'class="verdict pass"' in outage
    assert '<div class="pass"' in outage
    assert 'class="verdict inconclusive"' in recovery
    assert "fail" not in outage + recovery


def test_the_outage_of_a_timeline_has_its_own_verdict_beside_that_of_its_case(tmp_path: Path) -> None:
    slow = Finding("latency", Verdict.FAIL, "slow", 900.0, "ms", 800.0)
    text = Elements(page(run(experiment(tmp_path, EXPERIMENT, IPTABLES, Shape(), slow), IPTABLES), tmp_path)).text
    assert "iptables — no outage ✓ pass whole case: ✕ fail" in text


def test_events_are_marked_and_windows_named(flush: str) -> None:
    first = flush[flush.index('<svg class="chart" role="img"') :]
    drawn = first[: first.index("</svg>")]
    for label in ("injected, landed", "remedy", "proxy restarted", "healed", "control", "hurt", "after", "outside"):
        assert f">{label}</text>" in drawn


def test_each_subject_has_a_timeline_and_a_balance_plot(flush: str) -> None:
    labels = Elements(flush).values("aria-label")
    assert sum("attempts from node-1 failed" in label for label in labels) == 2
    assert sum("even is 33.3%" in label for label in labels) == 2


def test_the_page_needs_nothing_outside_itself(flush: str) -> None:
    elements = Elements(flush)
    assert [tag for tag, _ in elements.found if tag in ("script", "link", "iframe", "object", "img", "use")] == ["link"]
    assert elements.values("src") == []
    outward = [link for link in elements.values("href") if re.match(r"[a-z]+:|//", link)]
    assert outward == ["data:,"]
    assert "http" not in re.sub(r"http-equiv", "", flush)
    assert "@import" not in flush
    assert [link for link in re.findall(r"url\(([^)]*)\)", flush) if not link.startswith("#")] == []


def test_ids_are_unique_and_every_link_inside_finds_its_target(flush: str) -> None:
    elements = Elements(flush)
    ids = elements.values("id")
    assert len(ids) == len(set(ids))
    inside = {link[1:] for link in elements.values("href") if link.startswith("#")}
    inside |= set(re.findall(r"url\(#([^)]*)\)", flush))
    assert inside <= set(ids)


def test_every_colour_of_a_chart_has_a_dark_twin(flush: str) -> None:
    charts = "".join(re.findall(r'<svg class="chart" role="img".*?</svg>', flush, re.DOTALL))
    used = set(re.findall(r'(?:fill|stroke)="([^"]*)"', charts)) - {"none", "transparent"}
    assert used <= {ink.light for ink in palette.INKS}


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    made = history(Shape(outage_s=1.0))
    named = made.attempts.with_columns(client_node=made.attempts["client_node"].fill_null(HOSTILE))
    named = named.with_columns(backend=named["backend"].fill_null("web-1").str.replace("web-1", HOSTILE, literal=True))
    noted = made.events.with_columns(detail=made.events["detail"] + HOSTILE, subject=made.events["subject"])
    History(named, noted).save(tmp_path / "evidence" / "hostile")
    bad = Finding(f"balance {HOSTILE}", Verdict.FAIL, HOSTILE, 1.0, HOSTILE, 2.0, details=(HOSTILE,))
    found = results.records(f"suites/t.py::test_{HOSTILE}", IPTABLES, [bad], ["evidence/hostile"])
    skip = results.Skip(case=HOSTILE, subject=IPTABLES, reason=HOSTILE)
    whole = run(found, IPTABLES, skipped=(skip,), incomplete=HOSTILE, reproduce=HOSTILE)
    text = page(whole, tmp_path)
    elements = Elements(text)
    assert "script" not in [tag for tag, _ in elements.found]
    assert "img" not in [tag for tag, _ in elements.found]
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    assert "alert" in elements.text
    assert text.count("</style>") == 1


def test_missing_evidence_is_said_and_no_error(tmp_path: Path) -> None:
    found = experiment(tmp_path, EXPERIMENT, IPTABLES, Shape(length_s=8))
    (tmp_path / "evidence" / "test_nat_flush-iptables" / "attempts.parquet").unlink()
    text = Elements(page(run(found, IPTABLES), tmp_path)).text
    assert "No picture: evidence/test_nat_flush-iptables/attempts.parquet is missing." in text
    assert "no outage" in text, "the findings are still there"


def test_broken_evidence_is_said_and_no_error(tmp_path: Path) -> None:
    found = experiment(tmp_path, EXPERIMENT, IPTABLES, Shape(length_s=8))
    (tmp_path / "evidence" / "test_nat_flush-iptables" / "attempts.parquet").write_bytes(b"PAR1 cut")
    text = Elements(page(run(found, IPTABLES), tmp_path)).text
    assert "evidence/test_nat_flush-iptables cannot be read" in text


def test_a_large_run_stays_a_small_page(tmp_path: Path) -> None:
    """A gate of 60 cases in two modes holds about 26 timelines; a few MB for all is 100 KB for each."""
    busy = Shape(length_s=60, rate_per_s=200, outage_s=10, waiting_s=0.01)
    found = experiment(tmp_path, EXPERIMENT, IPTABLES, busy)
    many = tuple(record for n in range(60) for mode in ProxyMode for record in passing(f"{CASE}[{n}]", mode))
    with_chart = len(page(run(found + many), tmp_path).encode())
    without = len(page(run(many), tmp_path).encode())
    assert with_chart - without < 100_000
    assert without < 400_000


def test_what_was_cut_lost_moved_and_broken_has_a_row_for_each_experiment(tmp_path: Path) -> None:
    cut = Finding("connections-cut", Verdict.FAIL, "of 5 kept TCP connections 2 cut", 2.0, "connections", 0.0)
    kept = Finding("connections-cut", Verdict.PASS, "of 5 kept TCP connections none cut", 0.0, "connections", 0.0)
    found = experiment(tmp_path, EXPERIMENT, IPTABLES, Shape(), cut) + experiment(
        tmp_path, EXPERIMENT, NFTABLES, Shape(), kept
    )
    text = " ".join(" ".join(Elements(page(run(found), tmp_path)).words).split())
    assert "NAT flush ✕ fail 2 cut ✓ pass nothing" in text
