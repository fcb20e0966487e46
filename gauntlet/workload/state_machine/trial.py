"""The words Trouble, Counterexample and Trials: what comes of it when sequences of moves are tried somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gauntlet.workload.state_machine.moves import Sequence


@dataclass(frozen=True)
class Trouble:
    """What was not as the model says: the number of the step, from 0, and a report for people."""

    step: int
    report: tuple[str, ...]


@dataclass(frozen=True)
class Counterexample:
    """A sequence that failed, in its last step, and how."""

    sequence: Sequence
    trouble: Trouble

    @classmethod
    def of(cls, sequence: Sequence, trouble: Trouble) -> Counterexample:
        """Without the steps after the one that failed, which nobody took."""
        return cls(sequence[: trouble.step + 1], trouble)


# Takes sequences to their ends, or each to its first step that is not as the model says: what came of each, in order.
Trials = Callable[[tuple[Sequence, ...]], tuple[Trouble | None, ...]]


def one_by_one(trial: Callable[[Sequence], Trouble | None]) -> Trials:
    """Trials of which each begins when the one before has ended."""
    return lambda sequences: tuple(map(trial, sequences))
