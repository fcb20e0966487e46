"""docs/catalogue.md is what the cases say, and no test of Kubernetes' own is left out of it."""

from __future__ import annotations

import pytest

from fixtures.catalogue_page import PAGE, UPSTREAM, cases, page
from gauntlet.report.catalogue_page import Entry, UpstreamTest, answering, read_upstream

ENTRIES = tuple(each.entry for each in cases())
TESTS = read_upstream(UPSTREAM)
COUNTED = 125


def test_the_committed_page_is_what_the_cases_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make catalogue"


def test_each_title_that_a_case_names_is_a_test_of_kubernetes() -> None:
    known = {each.name for each in TESTS}
    assert {title for each in ENTRIES for title in each.upstream} <= known


def test_each_case_that_a_test_names_is_there() -> None:
    keys = {each.key for each in ENTRIES}
    assert {case for each in TESTS for case in each.cases} <= keys


@pytest.mark.parametrize("test", TESTS, ids=lambda each: each.name)
def test_each_test_of_kubernetes_is_answered_or_says_why_not(test: UpstreamTest) -> None:
    answers = answering(test, ENTRIES)
    assert bool(answers) + bool(test.reason) + bool(test.aside) == 1


def test_none_is_forgotten() -> None:
    assert len({(each.file, each.line) for each in TESTS}) == len(TESTS)
    assert sum(not each.aside for each in TESTS) == COUNTED


def test_a_case_answers_by_its_own_word_or_by_that_of_the_list() -> None:
    entry = Entry("conformance/test_a.py", "b", "", "", "", ("service: c",), (), declared=True)
    assert answering(UpstreamTest(file="service", line=1, title="c"), [entry]) == (entry,)
    assert answering(UpstreamTest(file="x", line=1, title="d", cases=(entry.key,)), [entry]) == (entry,)
    assert answering(UpstreamTest(file="x", line=1, title="c"), [entry]) == ()
