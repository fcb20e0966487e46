"""What is said of sequences of which none failed."""

from __future__ import annotations

import pytest

from fixtures.state_machine import GATE, agreement
from gauntlet.ground.finding import Verdict
from gauntlet.workload.state_machine.exploration import Tried


@pytest.mark.parametrize(
    ("tried", "attempts", "words"),
    [(Tried(), 0, "no step was tried"), (Tried(3, 7), 0, "nobody made an attempt in 7 steps of 3 sequences")],
)
def test_without_a_step_or_an_attempt_nothing_is_known(tried: Tried, attempts: int, words: str) -> None:
    found = agreement(tried, attempts, GATE)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.reason.startswith(words)


def test_what_was_asked_and_agrees_passes_and_says_whether_there_was_time() -> None:
    whole, cut = (agreement(Tried(3, 7, is_over=is_over), 40, GATE) for is_over in (False, True))
    assert (whole.verdict, whole.reason) == (Verdict.PASS, "all 7 steps of 3 sequences are as the model says")
    assert cut.verdict is Verdict.PASS
    assert cut.reason == f"{whole.reason}: there was time for no more in 60 s"
