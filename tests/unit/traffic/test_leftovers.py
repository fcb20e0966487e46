"""Which answer to a UDP flow is one to its question, and which came too late for the one before."""

from __future__ import annotations

import pytest

from gauntlet.traffic.leftovers import Owed

HOST, CLIENT, CLIENT6 = b"backend-1", b"10.244.1.1:24534", b"[fd00::1]:24534"


@pytest.mark.parametrize(("question", "answer"), [("hostname", HOST), ("clientip", CLIENT), ("clientip", CLIENT6)])
def test_an_answer_of_its_form_answers_the_question(question: str, answer: bytes) -> None:
    owed = Owed()
    owed.asked(question)
    assert owed.came(answer, question)


@pytest.mark.parametrize("late", [CLIENT, CLIENT6])
def test_an_answer_to_what_was_asked_before_is_passed_over_once(late: bytes) -> None:
    owed = Owed()
    owed.asked("clientip")
    owed.asked("hostname")
    assert not owed.came(late, "hostname")
    # It is not owed any more: a second one is what the backend says to this question.
    assert owed.came(late, "hostname")


def test_nothing_is_passed_over_that_nobody_asked_for() -> None:
    owed = Owed()
    owed.asked("hostname")
    assert owed.came(CLIENT, "hostname")


def test_what_was_answered_is_owed_no_more() -> None:
    owed = Owed()
    owed.asked("clientip")
    assert owed.came(CLIENT, "clientip")
    owed.asked("hostname")
    assert owed.came(CLIENT, "hostname")


@pytest.mark.parametrize("nonsense", [b"", b"NOW: no such command", b"\xff"])
def test_what_answers_nothing_is_an_answer(nonsense: bytes) -> None:
    owed = Owed()
    owed.asked("clientip")
    owed.asked("hostname")
    assert owed.came(nonsense, "hostname")
