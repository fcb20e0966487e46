"""Differences between the subjects of a run: found in verdicts and truth tables, and held against what is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from gauntlet.ground.errors import UsageError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises import differences as declarations
from gauntlet.promises.differences import Declaration
from gauntlet.report import expected_table, making, results
from gauntlet.report.difference_record import DifferencesRecord, headline
from gauntlet.report.differences import differences
from gauntlet.report.results import FindingRecord, Results, Skip
from gauntlet.report.summary import summary
from gauntlet.report.table import show_verdicts
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.standing import Standing
from tests.unit.report.synthetic import CASE, failing, passing, run

RANGES = "suites/conformance/test_source_ranges.py::test_ranges_without_endpoints"
IPTABLES = 'modes: [iptables], reason: "refused there", source: "the code"'
SKIP = Skip(case=CASE, subject="nftables", reason="nftables mode does not have this")


def declared(folder: Path, *lines: str) -> Sequence[tuple[Declaration, str]]:
    """What a folder declares whose differences.yaml has these, a line each from the second on."""
    slos = folder / "slos"
    slos.mkdir(exist_ok=True)
    listed = "".join(f"\n  - {{{line}}}" for line in lines) or " []"
    (slos / "differences.yaml").write_text(f"differences:{listed}\n")
    return declarations.load(slos)


def asked(folder: Path, subject: str, outcomes: Mapping[str, tuple[str, str]]) -> tuple[FindingRecord, ...]:
    """A declared case that passed: by its client, what was expected of each row, and the rule that decided."""
    place = f"evidence/ranges-{subject}"
    (folder / place).mkdir(parents=True)
    standings = [Standing("none", who, "web IP", outcome, (rule, "READY")) for who, (outcome, rule) in outcomes.items()]
    expected_table.write(folder / place, standings)
    found = Finding("truth-table", Verdict.PASS, "as the model says", 0.0, "rows", 0.0)
    return results.records(RANGES, subject, [found], [place])


def whole(found: tuple[FindingRecord, ...], folder: Path, *lines: str, **more: tuple[Skip, ...]) -> Results:
    """A run that found this, as the end of a run leaves it."""
    made = run(found, **more)  # type: ignore[arg-type]
    return made.model_copy(update={"differences": differences(made, folder, declared(folder, *lines))})


def between(of: Results) -> DifferencesRecord:
    assert of.differences is not None
    return of.differences


@pytest.fixture
def tables(tmp_path: Path) -> tuple[FindingRecord, ...]:
    """Two rows of three differ, in the same way."""
    same = {"a pod": ("refused", "REFUSED")}
    return asked(
        tmp_path, "iptables", {**same, "node-1": ("refused", "REFUSED"), "node-2": ("refused", "REFUSED")}
    ) + asked(tmp_path, "nftables", {**same, "node-1": ("swallowed", "DROPPED"), "node-2": ("swallowed", "DROPPED")})


def test_rows_that_differ_undeclared_fail_the_run_by_name(tmp_path: Path, tables: tuple[FindingRecord, ...]) -> None:
    made = whole(tables, tmp_path)
    (only,) = between(made).found
    assert (only.case, only.kind, only.verdict, only.rows) == (RANGES, "rows", Verdict.FAIL, 2)
    assert only.row == "'none', node-1 at web IP"
    assert [(each.words, each.subjects) for each in only.stood] == [
        ("refused", ("iptables",)),
        ("swallowed", ("nftables",)),
    ]
    assert [rule.partition(":")[0] for rule in only.rules] == [
        "policy Local, and endpoints on other nodes alone",
        "no endpoint anywhere",
    ]
    assert made.verdict is Verdict.FAIL
    assert all(made.verdict_of(name) is Verdict.PASS for name in made.names)


@pytest.mark.parametrize(
    "line",
    [
        f"kind: rows, {IPTABLES}",
        f"kind: rows, case: 'suites/conformance/test_source_ranges.py::*', {IPTABLES}",
        f"kind: rows, rules: [DROPPED], {IPTABLES}",
        "kind: rows, subjects: [nftables], reason: ours, source: us",
    ],
)
def test_a_declaration_that_holds_for_one_of_them_covers_them(
    tmp_path: Path, tables: tuple[FindingRecord, ...], line: str
) -> None:
    made = whole(tables, tmp_path, line)
    (only,) = between(made).found
    assert (only.verdict, made.verdict) == (Verdict.PASS, Verdict.PASS)
    assert only.declared[0].place.endswith("differences.yaml:2")
    assert between(made).absent == ()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"kind: verdict, {IPTABLES}", id="of verdicts"),
        pytest.param(f"kind: rows, case: 'suites/conformance/test_scaling.py::*', {IPTABLES}", id="of another case"),
        pytest.param(f"kind: rows, rules: [READY], {IPTABLES}", id="of a rule that decides for both"),
        pytest.param("kind: rows, since: '1.36', reason: new, source: us", id="that holds for both"),
        pytest.param("kind: rows, modes: [ipvs], reason: other, source: us", id="that holds for none"),
    ],
)
def test_a_declaration_of_something_else_covers_nothing(
    tmp_path: Path, tables: tuple[FindingRecord, ...], line: str
) -> None:
    assert between(whole(tables, tmp_path, line)).undeclared


def test_of_three_each_two_that_differ_have_to_be_told_apart(tmp_path: Path) -> None:
    names = ("iptables@1.36", "nftables@1.36", "nftables@1.37")
    rules = ("REFUSED", "DROPPED", "SENT_ON")
    found = tuple(
        each
        for name, rule in zip(names, rules, strict=True)
        for each in asked(tmp_path, name, {"a pod": (rule.lower(), rule)})
    )
    made = run(found, *names)
    by_mode = f"kind: rows, {IPTABLES}"
    since = "kind: rows, since: '1.37', reason: new, source: us"
    assert differences(made, tmp_path, declared(tmp_path, by_mode)).undeclared  # type: ignore[union-attr]
    both = differences(made, tmp_path, declared(tmp_path, by_mode, since))
    assert both is not None
    assert not both.undeclared
    assert [each.reason for each in both.found[0].declared] == ["refused there", "new"]


def test_a_declared_difference_that_does_not_show_up_is_said(tmp_path: Path) -> None:
    same = {"a pod": ("refused", "REFUSED")}
    found = asked(tmp_path, "iptables", same) + asked(tmp_path, "nftables", same)
    made = whole(found, tmp_path, f"kind: rows, {IPTABLES}", "kind: rows, modes: [ipvs], reason: x, source: y")
    (only,) = between(made).absent
    assert (only.verdict, only.declared.reason, made.verdict) == (Verdict.MEASURED, "refused there", Verdict.PASS)
    assert "declared, and not seen: refused there" in summary(made)


def test_one_that_shows_up_always_fails_the_run_if_it_does_not(tmp_path: Path) -> None:
    same = {"a pod": ("refused", "REFUSED")}
    found = asked(tmp_path, "iptables", same) + asked(tmp_path, "nftables", same)
    made = whole(found, tmp_path, f"kind: rows, case: '{RANGES}', always: true, {IPTABLES}")
    assert (made.verdict, len(between(made).missed)) == (Verdict.FAIL, 1)
    # Of a run without such a case nothing is said.
    other = whole(passing(CASE, "iptables") + passing(CASE, "nftables"), tmp_path, f"kind: rows, {IPTABLES}")
    assert (other.verdict, between(other).absent) == (Verdict.PASS, ())


def test_verdicts_that_differ_have_to_be_declared(tmp_path: Path) -> None:
    found = passing(CASE, "iptables") + failing(CASE, "nftables")
    (only,) = between(whole(found, tmp_path)).undeclared
    assert (only.kind, [each.words for each in only.stood]) == ("verdict", ["pass", "fail"])
    assert not between(whole(found, tmp_path, f"kind: verdict, case: '*test_outside', {IPTABLES}")).undeclared


def test_a_skip_is_its_own_reason_and_a_known_defect_is_too(tmp_path: Path) -> None:
    (skipped,) = between(whole(passing(CASE, "iptables"), tmp_path, skipped=(SKIP,))).found
    assert (skipped.verdict, skipped.declared[0].reason) == (Verdict.PASS, SKIP.reason)
    defect = results.records(
        CASE, "nftables", [Finding("truth-table", Verdict.KNOWN_DEFECT, "as known", known_defect="135266")]
    )
    (known,) = between(whole(passing(CASE, "iptables") + defect, tmp_path)).found
    assert (known.verdict, known.declared[0].reason) == (Verdict.PASS, "known defect: 135266")
    # What the register does not explain is not excused by what it does.
    both = (*defect, *failing(CASE, "nftables"))
    assert between(whole(passing(CASE, "iptables") + both, tmp_path)).undeclared


def test_what_the_place_does_not_allow_is_no_difference_of_subjects(tmp_path: Path) -> None:
    here = SKIP.model_copy(update={"reason": "own-kernel cannot be checked here: no power over it"})
    made = between(whole(passing(CASE, "iptables"), tmp_path, skipped=(here,)))
    assert (made.found, made.compared, made.uncompared) == ((), 0, {})


def test_what_was_not_learnt_is_not_compared_and_said(tmp_path: Path, tables: tuple[FindingRecord, ...]) -> None:
    unclear = results.records(RANGES, "nftables", [Finding("truth-table", Verdict.INCONCLUSIVE, "not asked")])
    made = between(whole((*tables, *unclear, *passing(CASE, "iptables")), tmp_path))
    assert (made.found, made.compared) == ((), 0)
    assert made.uncompared == {RANGES: "inconclusive with nftables", CASE: "not run with nftables"}


def test_rows_that_one_subject_did_not_come_to_are_not_compared(tmp_path: Path) -> None:
    one = asked(tmp_path, "iptables", {"a pod": ("refused", "REFUSED"), "node-1": ("refused", "REFUSED")})
    other = asked(tmp_path, "nftables", {"a pod": ("refused", "REFUSED")})
    made = between(whole(one + other, tmp_path))
    assert (made.found, made.rows) == ((), 1)


def test_one_subject_alone_differs_from_nobody(tmp_path: Path) -> None:
    assert differences(run(passing(CASE, "iptables"), "iptables"), tmp_path, ()) is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("kind: rows, reason: x, source: y", "it holds for all subjects"),
        ("kind: rows, modes: [iptables], rules: [REFUSE], reason: x, source: y", "REFUSE is not a rule"),
        ("kind: verdict, modes: [iptables], rules: [REFUSED], reason: x, source: y", "a verdict has none"),
        ("kind: rows, modes: [iptables], always: true, reason: x, source: y", "it has to name its case"),
        ("kind: rows, modes: [iptables], source: y", "`differences.0.reason` is missing"),
        ("kind: row, modes: [iptables], reason: x, source: y", "verdict or rows"),
        ("kind: rows, since: 1.36, reason: x, source: y", "a minor version in quotes"),
    ],
)
def test_a_declaration_that_means_nothing_is_refused_with_its_place(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        declared(tmp_path, line)
    assert words in str(refused.value)
    assert "differences.yaml:2" in str(refused.value)


def test_a_case_that_differs_in_two_ways_is_one_case(tmp_path: Path) -> None:
    """The page's link to them says what their page says in its first line."""
    made = whole(
        asked(tmp_path, "iptables", {"a pod": ("refused", "REFUSED"), "node-1": ("unanswered", "DROPPED")})
        + asked(tmp_path, "nftables", {"a pod": ("swallowed", "DROPPED"), "node-1": ("refused", "REFUSED")}),
        tmp_path,
    )
    assert (len(between(made).found), between(made).cases) == (2, frozenset({RANGES}))
    assert "the subjects differ in 1 case," in headline(between(made))


def test_page_summary_and_table_have_it(tmp_path: Path, tables: tuple[FindingRecord, ...]) -> None:
    made = whole((*tables, *passing(CASE, "iptables")), tmp_path, skipped=(SKIP,))
    results.Results.model_validate_json(made.model_dump_json(by_alias=True))
    from gauntlet.report import results_file

    results_file.write(made, tmp_path)
    making.make(tmp_path)
    page, own = ((tmp_path / name).read_text() for name in ("report.html", "differences.html"))
    assert '<a href="differences.html"><strong>How the subjects differ</strong> (2)</a>' in page
    assert "otherwise than is declared: the run fails" in page
    assert "Nothing declares this" in own
    assert "nftables mode does not have this" in own
    assert "in 1 of them nothing declares it" in own
    assert '<testsuite name="differences" tests="1" failures="1"' in (tmp_path / "junit.xml").read_text()
    text = summary(made)
    assert "**not declared**: Ranges without endpoints (2 rows, the first 'none', node-1 at web IP)" in text
    console = Console(width=80)
    with console.capture() as capture:
        show_verdicts(console, made)
    assert "not declared in differences.yaml: Ranges without endpoints" in " ".join(capture.get().split())


def test_a_row_that_no_rule_decided_differs_like_any_other(tmp_path: Path) -> None:
    """A flow that stays with its backend does so by no rule of the model's."""
    place, who = "evidence/ranges-nftables", "TCP flow of a pod"
    (tmp_path / place).mkdir(parents=True)
    stays = Standing("none", who, "web IP", "answered by client-1:8080", ())
    expected_table.write(tmp_path / place, [stays])
    assert expected_table.read(tmp_path / place) == (stays,)
    found = results.records(RANGES, "nftables", [Finding("truth-table", Verdict.PASS, "as the model says")], [place])
    made = whole((*asked(tmp_path, "iptables", {who: ("refused", "REFUSED")}), *found), tmp_path)
    (only,) = between(made).undeclared
    assert only.rules == (str(Rule.READY), str(Rule.REFUSED))
