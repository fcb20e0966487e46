"""Exploration: Hypothesis draws sequences of moves, somebody tries them, until one fails, which is made shorter."""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase

from gauntlet.ground.errors import Inconclusive
from gauntlet.workload.state_machine.moves import Kind, Move, Sequence, moves
from gauntlet.workload.state_machine.shortening import shortest, shortest_of
from gauntlet.workload.state_machine.trial import Counterexample, Trials, Trouble

LONGEST = 10
_TOGETHER = 3
# After ten examples of one run Hypothesis mostly varies those that it has drawn (generate_mutations_from in its
# internal/conjecture/engine.py). Where each costs seconds, other ones are worth more.
_A_ROUND = 10


@dataclass(frozen=True)
class Effort:
    """How much is tried: `sequences` of up to `longest` steps, with so many `services` at a time, so many `together`.

    They are the same ones each time, unless there is a `database`: then what failed before is tried first, and the rest
    is random. Nothing new is begun after `budget_s`, and nothing is made shorter `shrink_s` after the first failure.
    """

    sequences: int
    longest: int = LONGEST
    services: int = 1
    together: int = 1
    kinds: Collection[Kind] = tuple(Kind)
    budget_s: float | None = None
    shrink_s: float | None = None
    database: Path | None = None


@dataclass
class Tried:
    """What an exploration has come to: sequences and steps that were tried, also those that made one shorter.

    `is_over` is whether time was up before all sequences were tried. `found_s` is when the first failed, in
    seconds from the beginning.
    """

    sequences: int = 0
    steps: int = 0
    is_over: bool = False
    found_s: float | None = None
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


def groups(effort: Effort) -> st.SearchStrategy[tuple[Sequence, ...]]:
    """Sequences that are tried together: one example to Hypothesis."""
    return st.lists(sequences(effort), min_size=effort.together, max_size=effort.together).map(tuple)


def explore(trials: Trials, effort: Effort) -> Tried:
    """Try sequences until one fails, and make that one shorter. What `trials` raises before goes through."""
    tried = Tried()
    memory = _Memory(trials, effort, tried)
    try:
        found = _first_that_fails(memory, effort)
    except _Broken as broken:
        raise broken.error from None
    if found is not None:
        tried.counterexample = shortest(found, memory.shorter)
    return tried


class _Memory:
    """No sequence is tried twice, nor the beginning of one: Hypothesis asks for the one that failed once more in the
    end, and what fails only now and then would count as nothing.
    """

    def __init__(self, trials: Trials, effort: Effort, tried: Tried) -> None:
        self._trials = trials
        self._effort = effort
        self._tried = tried
        self._known: dict[Sequence, Trouble | None] = {}
        self._began = time.monotonic()
        self._failed: float | None = None
        self.first: Counterexample | None = None

    def holds(self, drawn: tuple[Sequence, ...]) -> bool:
        """Whether all of these hold. Raises _Over if there is no time for them, and _Broken if they came to no end."""
        new = self._new(drawn)
        if new and _is_over(self._began, self._effort.budget_s):
            self._tried.is_over = True
            raise _Over
        try:
            self._try(new)
        except Exception as error:
            raise _Broken(error) from error
        found = shortest_of(drawn, tuple(self._known[each] for each in drawn))
        if found is not None and self.first is None:
            self._failed = time.monotonic()
            self._tried.found_s = self._failed - self._began
            self.first = found
        return found is None

    def shorter(self, sequences: tuple[Sequence, ...]) -> tuple[Trouble | None, ...]:
        """Of shorter ones than what failed. None as well for what there is no time for, and if nobody can tell."""
        new = self._new(sequences)
        if not _is_over(self._failed, self._effort.shrink_s):
            with suppress(Inconclusive):
                self._try(new)
        return tuple(self._known.get(each) for each in sequences)

    def _new(self, sequences: tuple[Sequence, ...]) -> tuple[Sequence, ...]:
        return tuple(each for each in dict.fromkeys(sequences) if each not in self._known)

    def _try(self, new: tuple[Sequence, ...]) -> None:
        if not new:
            return
        for sequence, found in zip(new, self._trials(new), strict=True):
            taken = len(sequence) if found is None else found.step + 1
            self._tried.sequences += 1
            self._tried.steps += taken
            for length in range(1, taken + 1):
                self._known.setdefault(sequence[:length], found if length == taken else None)
            self._known[sequence] = found


def _first_that_fails(memory: _Memory, effort: Effort) -> Counterexample | None:
    numbers = random.Random(0)
    examples = -(-effort.sequences // effort.together)
    try:
        for first in range(0, examples, _A_ROUND):
            _explore(memory, effort, min(_A_ROUND, examples - first), numbers.getrandbits(64))
    except (_Failed, _Over):
        pass
    return memory.first


def _explore(memory: _Memory, effort: Effort, count: int, number: int) -> None:
    @settings(
        max_examples=count,
        database=None if effort.database is None else DirectoryBasedExampleDatabase(effort.database),
        deadline=None,
        phases=(Phase.reuse, Phase.generate),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(groups(effort))
    def holds(drawn: tuple[Sequence, ...]) -> None:
        if not memory.holds(drawn):
            raise _Failed

    # With a seed Hypothesis leaves its database alone.
    (holds if effort.database is not None else seed(number)(holds))()


def _is_over(since: float | None, limit_s: float | None) -> bool:
    return since is not None and limit_s is not None and time.monotonic() > since + limit_s
