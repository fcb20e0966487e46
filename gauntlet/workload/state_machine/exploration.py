"""Exploration: Hypothesis draws sequences of moves, somebody tries them, and one that fails is made shorter."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from gauntlet.workload.state_machine.moves import Kind, Move, Sequence, moves

LONGEST = 10
_TOGETHER = 3
# After ten examples of one run Hypothesis mostly varies those that it has drawn (generate_mutations_from in its
# internal/conjecture/engine.py). Where each costs seconds, other ones are worth more.
_A_ROUND = 10


@dataclass(frozen=True)
class Trouble:
    """What was not as the model says: the number of the step, from 0, and a report for people."""

    step: int
    report: tuple[str, ...]


@dataclass(frozen=True)
class Counterexample:
    """The shortest sequence that failed, and how."""

    sequence: Sequence
    trouble: Trouble


# Takes a sequence to its end, or to the first step that is not as the model says.
Trial = Callable[[Sequence], Trouble | None]


@dataclass(frozen=True)
class Effort:
    """How much is tried: `sequences` of up to `longest` steps, with so many `services` at a time.

    They are the same ones each time, unless there is a `database`: then what failed before is tried first, and the rest
    is random. Nothing new is begun after `budget_s`, and nothing is made shorter `shrink_s` after the first failure.
    """

    sequences: int
    longest: int = LONGEST
    services: int = 1
    kinds: Collection[Kind] = tuple(Kind)
    budget_s: float | None = None
    shrink_s: float | None = None
    database: Path | None = None


@dataclass
class Tried:
    """What an exploration has come to: sequences and steps that were tried, also those that made one shorter.

    `is_over` is whether time was up before all sequences were tried.
    """

    sequences: int = 0
    steps: int = 0
    is_over: bool = False
    counterexample: Counterexample | None = None


class _Over(BaseException):
    """Time is up. Hypothesis lets it pass."""


class _Failed(Exception):
    """The model does not agree."""


class _Broken(BaseException):
    """A trial came to no end. Hypothesis would take its error for a failure, and try for a shorter one."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def sequences(effort: Effort) -> st.SearchStrategy[Sequence]:
    """Steps of a few moves each. Each kind is as likely as any other, and each fitness of endpoints as a kind."""
    alike: dict[tuple[Kind, str], list[Move]] = {}
    for each in (move for kind in effort.kinds for move in moves(kind, effort.services)):
        alike.setdefault((each.kind, each.value if each.kind is Kind.ENDPOINT else ""), []).append(each)
    move: st.SearchStrategy[Move] = st.one_of(*map(st.sampled_from, alike.values()))
    step = st.lists(move, min_size=1, max_size=_TOGETHER).map(tuple)
    return st.lists(step, min_size=1, max_size=effort.longest).map(tuple)


def explore(trial: Trial, effort: Effort) -> Tried:
    """Try sequences until one fails, and make that one shorter. What `trial` raises goes through."""
    tried = Tried()
    memory = _Memory(trial, effort, tried)
    numbers = random.Random(0)
    try:
        for first in range(0, effort.sequences, _A_ROUND):
            _explore(memory, effort, min(_A_ROUND, effort.sequences - first), numbers.getrandbits(64))
    except (_Failed, _Over):
        pass
    except _Broken as broken:
        raise broken.error from None
    return tried


class _Memory:
    """No sequence is tried twice: Hypothesis asks for the shortest one once more in the end, and what fails only now
    and then would count as nothing.
    """

    def __init__(self, trial: Trial, effort: Effort, tried: Tried) -> None:
        self._trial = trial
        self._effort = effort
        self.tried = tried
        self._known: dict[Sequence, Trouble | None] = {}
        self._began = time.monotonic()
        self._failed: float | None = None

    def trouble(self, sequence: Sequence) -> Trouble | None:
        if sequence in self._known:
            return self._known[sequence]
        if self._failed is not None and _is_over(self._failed, self._effort.shrink_s):
            return None
        if self._failed is None and _is_over(self._began, self._effort.budget_s):
            self.tried.is_over = True
            raise _Over
        try:
            found = self._trial(sequence)
        except Exception as error:
            raise _Broken(error) from error
        self.tried.sequences += 1
        self.tried.steps += len(sequence) if found is None else found.step + 1
        self._known[sequence] = found
        if found is not None:
            self._failed = self._failed or time.monotonic()
        return found


def _explore(memory: _Memory, effort: Effort, count: int, number: int) -> None:
    @settings(
        max_examples=count,
        database=None if effort.database is None else DirectoryBasedExampleDatabase(effort.database),
        deadline=None,
        phases=(Phase.reuse, Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(sequences(effort))
    def holds(sequence: Sequence) -> None:
        trouble = memory.trouble(sequence)
        if trouble is not None:
            memory.tried.counterexample = Counterexample(sequence, trouble)
            raise _Failed

    # With a seed Hypothesis leaves its database alone.
    (holds if effort.database is not None else seed(number)(holds))()


def _is_over(since: float, limit_s: float | None) -> bool:
    return limit_s is not None and time.monotonic() > since + limit_s
