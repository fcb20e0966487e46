"""Known defects in reports: shown at the head of the verdict, counted apart, and no failure of the run."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from fixtures.catalogue_page import cases
from gauntlet.checkers.truth import OF_FLOWS
from gauntlet.cli.conclusion import show
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises.known_defects import ShownBy, read, shipped
from gauntlet.report.junit import junit
from gauntlet.report.known_defects_page import PAGE, markdown
from gauntlet.report.page import page
from gauntlet.report.results import FindingRecord, GateCases, Results, records, worst
from gauntlet.report.summary import summary
from gauntlet.report.verdicts import headline, troubles
from tests.unit.report.synthetic import CASE, passing, run

OTHER = "suites/conformance/test_terminating.py::test_twice"
NAME = "135266: an address that terminates is refused"
REGISTER = read(shipped())


def defective(case: str = OTHER, subject: str = "nftables", name: str = NAME) -> tuple[FindingRecord, ...]:
    reason = f"known defect {name}: 4 of 60 rows"
    explained = Finding(
        "truth-table", Verdict.KNOWN_DEFECT, reason, 4.0, "rows", 0.0, remedy="wait a while", known_defect=name
    )
    return records(case, subject, [explained, Finding("every-backend", Verdict.PASS, "all met")])


def of_two(*more: FindingRecord, gate: GateCases = GateCases(ran=39, cases=39)) -> Results:  # noqa: B008  # frozen
    return run((*passing(CASE, "nftables"), *defective(), *more), "nftables", gate=gate)


@pytest.mark.parametrize(
    ("verdicts", "is_worst"),
    [
        ((Verdict.PASS, Verdict.KNOWN_DEFECT), Verdict.KNOWN_DEFECT),
        ((Verdict.KNOWN_DEFECT, Verdict.MEASURED), Verdict.KNOWN_DEFECT),
        ((Verdict.KNOWN_DEFECT, Verdict.INCONCLUSIVE), Verdict.INCONCLUSIVE),
        ((Verdict.KNOWN_DEFECT, Verdict.INCONCLUSIVE, Verdict.FAIL), Verdict.FAIL),
    ],
)
def test_a_known_defect_weighs_more_than_a_pass_and_less_than_a_question(
    verdicts: tuple[Verdict, ...], is_worst: Verdict
) -> None:
    assert worst(verdicts) is is_worst


def test_the_head_of_the_verdict_counts_and_names_them() -> None:
    head = headline(of_two(), "nftables")
    assert (head.verdict, head.answer) == (Verdict.PASS, "Yes, with 1 known defect")
    assert head.known_defects == (NAME,)
    assert head.sentence == "Of 2 cases, 1 failed by known defects."
    assert of_two().word == "pass, with 1 known defect"


def test_one_defect_that_two_cases_show_is_one() -> None:
    head = headline(of_two(*defective(f"{OTHER}_more")), "nftables")
    assert head.answer == "Yes, with 1 known defect"
    both = of_two(*defective(f"{OTHER}_more", name="another"))
    assert headline(both, "nftables").answer == "Yes, with 2 known defects"


def test_less_than_the_gate_is_not_decided_and_says_them() -> None:
    part = of_two(gate=GateCases(ran=2, cases=39))
    assert headline(part, "nftables").answer == "Not decided, with 1 known defect"
    assert not part.is_decided


def test_another_failure_is_a_no_that_names_them_all_the_same() -> None:
    failed = of_two(*records("suites/x.py::test_y", "nftables", [Finding("a", Verdict.FAIL, "b")]))
    head = headline(failed, "nftables")
    assert (head.answer, head.known_defects) == ("No", (NAME,))
    assert [each.case for each in troubles(failed)] == ["suites/x.py::test_y"]


def test_they_fail_nothing_in_junit_and_are_named_there() -> None:
    root = ET.fromstring(junit(of_two()))  # noqa: S314  # what we wrote
    assert (root.findall(".//failure"), root.findall(".//error")) == ([], [])
    (skipped,) = root.findall(".//skipped")
    assert skipped.attrib["message"] == f"known defect {NAME}"
    assert "4 of 60 rows" in (skipped.text or "")


def test_terminal_page_and_summary_show_them(tmp_path: Path) -> None:
    console = Console(width=120, record=True)
    show(console, of_two(), tmp_path)
    told = console.export_text()
    assert f"nftables: known defect {NAME}" in told
    assert "1 pass, 0 fail, 0 inconclusive, 1 known defect" in told
    shown = page(of_two(), tmp_path)
    assert f"<li>{NAME}</li>" in shown
    assert "Nothing failed but by known defects" in shown
    assert "wait a while" in shown
    assert "Yes, with 1 known defect" in summary(of_two())
    assert NAME in summary(of_two())


def test_without_any_nothing_is_said_of_them(tmp_path: Path) -> None:
    none = run(passing(CASE, "nftables"), "nftables")
    console = Console(width=120, record=True)
    show(console, none, tmp_path)
    assert "known defect" not in console.export_text() + summary(none) + headline(none, "nftables").answer


def test_the_committed_page_is_what_the_register_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(REGISTER), "make catalogue"


KNOWN_CASES = {f"suites/{each.entry.file}::test_{each.entry.name}": each for each in cases()}
SHOWN = [shown for entry in REGISTER.defects for shown in entry.cases]


@pytest.mark.parametrize("shown", SHOWN, ids=[f"{n}-{each.case.rpartition('::')[2]}" for n, each in enumerate(SHOWN)])
def test_each_case_of_the_register_is_there(shown: ShownBy) -> None:
    case = KNOWN_CASES.get(shown.case.partition("[")[0])
    assert case is not None, shown.case
    if case.declared is not None:
        words = {part.removesuffix(OF_FLOWS) for part in shown.parts}
        assert words or shown.log, f"{shown.case}: a declared case says in which steps it fails, or what the node logs"
