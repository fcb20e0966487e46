"""The GitHub summary and the terminal's table: the same verdicts, in the room they have."""

from __future__ import annotations

import pytest
from rich.console import Console

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report import results
from gauntlet.report.names import command
from gauntlet.report.summary import summary
from gauntlet.report.table import show_verdicts
from tests.unit.report.synthetic import CASE, EXPERIMENT, account, failing, passing, run, subject

IPTABLES, NFTABLES = ProxyMode.IPTABLES, ProxyMode.NFTABLES


def outage(subject: str, seconds: float) -> tuple[results.FindingRecord, ...]:
    return results.records(EXPERIMENT, subject, [Finding("outage", Verdict.PASS, "", seconds, "s", 15.0, 0.04)])


def printed(whole: results.Results) -> str:
    console = Console(width=80, record=True, file=None, force_terminal=False, quiet=False)
    with console.capture() as capture:
        show_verdicts(console, whole)
    return capture.get()


def test_the_summary_answers_for_each_subject() -> None:
    text = summary(run(passing(CASE, IPTABLES) + failing(CASE, NFTABLES)))
    assert text.startswith("## ❌ kube-proxy gauntlet: fail")
    assert "| iptables | ✅ **Yes** | The only case passed. |" in text
    assert "| nftables | ❌ **No** | Of 1 case, 1 failed. |" in text
    assert "pytest 'suites/conformance/test_node_port.py::test_outside[nftables]' --kp-modes=nftables" in text


def test_what_was_only_measured_is_not_among_what_did_not_pass() -> None:
    found = [
        Finding("outage", Verdict.MEASURED, "nothing is promised", 7.0, "s"),
        Finding("count", Verdict.FAIL, "bad"),
    ]
    whole = run(results.records(EXPERIMENT, IPTABLES, found), IPTABLES)
    for text in (summary(whole), printed(whole)):
        assert "bad" in text
        assert "nothing is promised" not in text


def test_a_subject_that_ran_without_a_figure_is_not_shown_as_not_run() -> None:
    """It broke off before the figure was there: that is for its verdict to say."""
    counted = [Finding("outage", Verdict.PASS, "", 1.0, "s"), Finding("connections-cut", Verdict.FAIL, "", 2.0)]
    broken = [Finding("control", Verdict.INCONCLUSIVE, "attempts failed before the fault")]
    rows = (*results.records(EXPERIMENT, IPTABLES, counted), *results.records(EXPERIMENT, NFTABLES, broken))
    text = summary(run(rows))
    assert "| NAT flush | ✅ 1 s | no figure |" in text
    assert "| NAT flush | ❌ 2 cut | no figure |" in text
    # One of whose case there is no trace has not run.
    text = summary(run(results.records(EXPERIMENT, IPTABLES, counted)))
    assert "| NAT flush | ✅ 1 s | not run |" in text
    assert "| NAT flush | ❌ 2 cut | not run |" in text


def test_summary_and_table_explain_what_did_not_pass() -> None:
    whole = run(failing(CASE, IPTABLES), IPTABLES, accounts=(account(CASE, IPTABLES),))
    text = summary(whole)
    for told in (
        "Expected: From the pod of every node, each backend gets its fair share.",
        r"Promised: No client notices the fault. (slos/default.yaml:3)",
        r"SLO: balance.max\_skew: 0.1 (slos/default.yaml:18)",
        "next: compare the shares in the rules with even ones",
        "10.244.1.2:80 70.0%, 10.244.2.2:80 15.0%, 10.244.3.2:80 15.0%",
        "evidence/x-iptables/kube-proxy-node-2.log",
    ):
        assert told in text
    table = " ".join(printed(whole).split())
    assert "expected: From the pod of every node, each backend gets its fair share." in table
    assert "next: compare the shares in the rules with even ones" in table


def test_a_kube_proxy_of_another_version_is_named() -> None:
    whole = run(passing(CASE, IPTABLES) + passing(CASE, ProxyMode.USERSPACE), IPTABLES, ProxyMode.USERSPACE)
    assert "| userspace (1.25.9) | ✅ **Yes** |" in summary(whole)
    assert "| iptables | ✅ **Yes** |" in summary(whole)
    heading = [line.replace("┃", " ").split() for line in printed(whole).splitlines() if line.startswith("┃")]
    assert heading == [["iptables", "userspace"], ["case", "1.37.2", "1.25.9"]]


SEVERAL = ("iptables@1.36", "iptables@1.37", "next=nftables@1.37+SomeGate")


def test_several_subjects_of_one_mode_stand_side_by_side() -> None:
    whole = run(outage("iptables@1.36", 8.94) + outage("iptables@1.37", 7.61) + outage("next", 6.5), *SEVERAL)
    text = summary(whole)
    answers = [line.split(" | ")[0] for line in text.splitlines() if "**Yes**" in line]
    assert answers == [r"| iptables\@1.36", r"| iptables\@1.37", "| next (nftables 1.37.2)"]
    assert r"| Experiment | iptables\@1.36 | iptables\@1.37 | next<br>nftables 1.37.2 |" in text
    assert "| NAT flush | ✅ 8.94 s ± 0.04 | ✅ 7.61 s ± 0.04 | ✅ 6.5 s ± 0.04 |" in text
    heading = [line.replace("┃", " ").split() for line in printed(whole).splitlines() if line.startswith("┃")]
    assert heading == [["next"], ["nftables"], ["case", "iptables@1.36", "iptables@1.37", "1.37.2"]]


def test_summary_and_table_say_what_each_subject_is() -> None:
    whole = run(passing(CASE, "next"), "iptables@1.36", "next=nftables@1.37+SomeGate+Other=false")
    what = "nftables mode of kube-proxy 1.37.2 with Other=false, SomeGate=true, built from source, kernel 6.18.44"
    assert f"- next: {what}" in summary(whole)
    table = " ".join(printed(whole).split())
    assert f"next: {what}" in table
    assert "iptables@1.36: iptables mode of kube-proxy 1.36.3, built from source, kernel 6.18.44" in table


def test_two_builds_of_one_version_and_path_are_told_apart() -> None:
    builds = [
        subject(written, origin="given: /opt/kube-proxy").model_copy(update={"sha256": digits * 8})
        for written, digits in (("before=nftables", "0123abcd"), ("after=nftables", "fedc9876"))
    ]
    whole = run(passing(CASE, "before") + passing(CASE, "after"), *builds)
    for words in ("given: /opt/kube-proxy (SHA-256 0123abcd0123…)", "given: /opt/kube-proxy (SHA-256 fedc9876fedc…)"):
        assert words in summary(whole)
        assert words in " ".join(printed(whole).split())


def test_kube_proxies_of_different_versions_are_a_warning_in_words() -> None:
    mixed = subject("nftables").model_copy(update={"version": "1.36.3", "versions": {"b": "1.37.2", "a": "1.36.3"}})
    whole = run(passing(CASE, "nftables"), mixed)
    words = "kernel 6.18.44. Warning: kube-proxies of different versions: 1.36.3 on a; 1.37.2 on b"
    assert words in summary(whole)
    assert words in " ".join(printed(whole).split())


def test_a_summary_repeats_a_case_as_the_subject_was_written() -> None:
    text = summary(run(failing(CASE, "next"), "next=nftables@1.37+SomeGate"))
    again = (
        "pytest 'suites/conformance/test_node_port.py::test_outside[next]' --kp-subjects=next=nftables@1.37+SomeGate"
    )
    assert again in text
    assert "#### ❌ Outside with next" in text


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_the_table_of_any_number_of_subjects_fits_80_columns(count: int) -> None:
    subjects = [f"subject-{number}=nftables@1.37" for number in range(count)]
    names = [written.partition("=")[0] for written in subjects]
    found = tuple(record for name in names for record in passing(CASE, name))
    whole = run(found + outage(names[-1], 7.61), *subjects)
    lines = printed(whole).splitlines()
    assert max(map(len, lines)) <= 80
    (row,) = [line for line in lines if "Outside" in line]
    assert row.count("pass") == count


def test_the_summary_compares_outages() -> None:
    text = summary(run(outage(IPTABLES, 8.94) + outage(NFTABLES, 7.61)))
    assert "| NAT flush | ✅ 8.94 s ± 0.04 | ✅ 7.61 s ± 0.04 |" in text


def test_the_summary_shows_an_outage_with_its_own_verdict() -> None:
    slow = results.records(EXPERIMENT, IPTABLES, [Finding("latency", Verdict.FAIL, "slow", 900.0, "ms", 800.0)])
    measured = results.records(EXPERIMENT, NFTABLES, [Finding("outage", Verdict.MEASURED, "", 7.0, "s")])
    text = summary(run(outage(IPTABLES, 8.94) + slow + measured))
    assert "| NAT flush | ✅ 8.94 s ± 0.04 | ▫️ 7 s |" in text


def test_the_summary_of_an_empty_run_is_inconclusive() -> None:
    text = summary(run((), incomplete="interrupted by Ctrl-C"))
    assert text.startswith("## ❔ kube-proxy gauntlet: inconclusive")
    assert "The run did not finish: interrupted by Ctrl-C." in text


def test_markdown_in_a_reason_is_shown_as_it_is() -> None:
    text = summary(run(failing(CASE, IPTABLES, "<img src=x> | `a` **b**\n# c ``` @team"), IPTABLES))
    assert r"&lt;img src=x&gt; \| \`a\` \*\*b\*\* \# c \`\`\` \@team" in text


def test_a_fence_is_longer_than_any_in_the_command() -> None:
    assert "````sh\necho ```\n````" in summary(run((), reproduce="echo ```"))


def test_a_summary_never_outgrows_githubs_limit() -> None:
    many = tuple(record for n in range(500) for record in failing(f"{CASE}[{n}]", IPTABLES, "long " * 5000))
    text = summary(run(many, IPTABLES))
    assert len(text.encode()) < 1024 * 1024
    assert "… and 460 more: see report.html." in text


def test_the_table_fits_80_columns_and_lists_what_did_not_pass() -> None:
    long = "suites/chaos/test_x.py::test_" + "a_very_long_name_" * 8 + "[udp-node_port]"
    whole = run(passing(CASE, IPTABLES) + failing(CASE, NFTABLES) + passing(long, IPTABLES) + outage(NFTABLES, 7.61))
    text = printed(whole)
    again = next(line.strip() for line in text.splitlines() if "pytest" in line)
    assert again == command(CASE, NFTABLES, "nftables", whole.options, {})
    assert max(len(line) for line in text.splitlines() if again not in line) <= 80
    rows = [" ".join(line.replace("│", " ").split()) for line in text.splitlines()]
    assert "Outside pass FAIL" in rows
    assert "NAT flush not run pass 7.61 s" in rows
    assert "FAIL Outside with nftables" in rows
    assert "balance: web-1 got 70 %" in rows


def test_the_table_counts_skips_and_tells_them_from_cases_not_run() -> None:
    skip = results.Skip(case=CASE, subject=NFTABLES, reason="no")
    text = printed(run(passing(CASE, IPTABLES), skipped=(skip,)))
    assert "skipped" in text
    assert "1 skipped as unsupported" in text


def test_the_table_of_an_empty_run_says_that_nothing_was_learnt() -> None:
    text = printed(run((), incomplete="interrupted by Ctrl-C"))
    assert "inconclusive" in text
    assert "nothing was learnt" in text
    assert "interrupted by Ctrl-C" in text


def test_a_reason_is_no_markup() -> None:
    assert "[bold]x[/bold]" in printed(run(failing(CASE, IPTABLES, "[bold]x[/bold]"), IPTABLES))


def test_what_was_cut_lost_moved_and_broken_has_a_row_for_each_experiment() -> None:
    def counted(subject: str, *counts: tuple[str, Verdict, float | None]) -> tuple[results.FindingRecord, ...]:
        return results.records(
            EXPERIMENT, subject, [Finding(*(check, verdict, ""), figure) for check, verdict, figure in counts]
        )

    calm = counted(IPTABLES, ("connections-cut", Verdict.PASS, 0.0), ("affinity-broken", Verdict.MEASURED, 0.0))
    hurt = counted(
        NFTABLES,
        *(("affinity-broken", Verdict.INCONCLUSIVE, None), ("udp-flows-moved", Verdict.MEASURED, 3.0)),
        *(("udp-flows-lost", Verdict.PASS, 0.0), ("connections-cut", Verdict.FAIL, 2.0)),
    )
    text = summary(run(calm + hurt))
    assert "| NAT flush | ✅ nothing | ❌ 2 cut, ▫️ 3 moved, ❔ broken: not known |" in text
    assert "Kept connections" not in summary(run(passing(CASE, IPTABLES)))
