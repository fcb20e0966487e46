"""What the page of an upgrade says of cases: what they have in common once, and of mixed nodes what counts."""

from __future__ import annotations

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.upgrade.case_run import CHECK
from gauntlet.upgrade.compare import Change, Course
from gauntlet.upgrade.page_cases import of_cases
from gauntlet.upgrade.verdict import Answer, Concern, Judgement, Observation
from tests.unit.upgrade.upgrades import EVERY

RAN = Observation("conformance-from", Concern.ROLL, Finding(CHECK, Verdict.PASS, "31 pass", 31.0, "cases"))


def words(*changes: Change) -> list[str]:
    return list(of_cases([RAN], Judgement(Answer.MAY, by_design=changes), EVERY))


def by_design(case: str, text: str) -> Change:
    return Change(Course.BY_DESIGN, f"suites/conformance/test_node_port.py::test_{case}", "", text)


def test_cases_that_differ_for_one_reason_are_told_with_it_once() -> None:
    told = words(by_design("a", "no localhost"), by_design("b", "no drops"), by_design("c", "no localhost"))
    assert told[-1] == "Different by design: A, C (no localhost); B (no drops)."


def test_more_reasons_than_can_be_read_are_counted_by_their_cases() -> None:
    changes = [by_design(letter, f"reason {number}") for number, letter in enumerate("abcde")]
    told = words(*changes, by_design("f", "another"), by_design("g", "another"), by_design("h", "one more"))
    assert told[-1].endswith("E (reason 4); and 3 more.")


def test_what_counts_of_mixed_nodes_is_said() -> None:
    assert any("While nodes have different kube-proxies" in each for each in words())
    alone = [phase for phase in EVERY if phase.side is not None]
    assert not any("While" in each for each in of_cases([RAN], Judgement(Answer.MAY), alone))
