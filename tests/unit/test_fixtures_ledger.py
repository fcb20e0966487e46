"""What the ledger of a run reads in pytest's account of an error."""

import pytest

from fixtures import ledger

OURS = """\
    def until(
>       raise NotInTime(
            what: str,
            remedy: str = "",
        )
E       gauntlet.ground.waiting.NotInTime: world ended: not within 10 s
E         remedy: look at its log

gauntlet/ground/waiting.py:93: NotInTime
"""


def _report(text: str) -> pytest.TestReport:
    return pytest.TestReport("suites/x.py::test_x", ("x", 1, "x"), {}, "failed", text, "teardown")


def test_the_remedy_is_what_the_error_says() -> None:
    assert ledger._remedy(_report(OURS)) == "look at its log"


def test_a_line_of_source_code_is_no_remedy() -> None:
    assert ledger._remedy(_report(OURS.replace("E         remedy: look at its log\n", ""))) == ""


def test_the_words_are_those_of_the_error() -> None:
    assert ledger._words(_report(OURS)) == "gauntlet.ground.waiting.NotInTime: world ended: not within 10 s"


def test_without_a_marked_error_the_words_are_the_first_line() -> None:
    assert ledger._words(_report("\nworker 'gw0' crashed\n  remedy: none\n")) == "worker 'gw0' crashed"
    assert ledger._remedy(_report("worker 'gw0' crashed\n  remedy: look\n")) == "look"


def test_an_error_without_a_word_says_so() -> None:
    assert ledger._words(_report("")) == "no words were left"
