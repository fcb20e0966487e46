"""Shortening: what a sequence that failed can do without, and fails still. Pure, but for the trials.

A trial costs seconds, and many at once hardly more than one: so whatever may be left out next is tried together.
The rounds are: the steps before the last as one, each move left out, and all left out that was not missed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import TypeAlias

from gauntlet.workload.state_machine.moves import Kind, Move, Sequence
from gauntlet.workload.state_machine.trial import Counterexample, Trials, Trouble

# The number of a step, and of a move in it.
Place: TypeAlias = tuple[int, int]


def shortest(found: Counterexample, trials: Trials) -> Counterexample:
    """The same in fewer steps, of which no move can be left out: what does not fail without any one of them."""
    now = _tried(tuple(_merged(found.sequence)), trials) or found
    while True:
        places = [(step, move) for step, moves in enumerate(now.sequence) for move in range(len(moves))]
        if len(places) == 1:
            return now
        without = tuple(_only(now.sequence, [each for each in places if each != place]) for place in places)
        troubles = trials(without)
        shorter = shortest_of(without, troubles)
        if shorter is None:
            return now
        needed = [place for place, trouble in zip(places, troubles, strict=True) if trouble is None]
        if needed and (alone := _tried((_only(now.sequence, needed),), trials)):
            return alone
        # Of two moves that do the same neither is needed, and one of them is.
        now = shorter


def shortest_of(sequences: tuple[Sequence, ...], troubles: tuple[Trouble | None, ...]) -> Counterexample | None:
    """The shortest of these that failed; `troubles` are what came of each."""
    pairs = zip(sequences, troubles, strict=True)
    failed = (Counterexample.of(sequence, trouble) for sequence, trouble in pairs if trouble is not None)
    return min(failed, key=lambda each: _length(each.sequence), default=None)


def _tried(sequences: tuple[Sequence, ...], trials: Trials) -> Counterexample | None:
    return shortest_of(sequences, trials(sequences))


def _length(of: Sequence) -> tuple[int, int]:
    return len(of), sum(map(len, of))


def _merged(sequence: Sequence) -> Iterator[Sequence]:
    """All steps as one; those before the last as one; the last alone."""
    *before, last = sequence
    yield (_as_one((*before, last)),)
    yield (last,)
    if before:
        yield (_as_one(before), last)


def _as_one(steps: Iterable[tuple[Move, ...]]) -> tuple[Move, ...]:
    """A step that leads where these lead, without the moves that a later one takes back."""
    left: dict[tuple[Kind, int, int], Move] = {}
    for move in chain.from_iterable(steps):
        if move.kind is Kind.DELETE:
            left = {what: each for what, each in left.items() if each.kind.is_on_nodes or each.number != move.number}
        left.pop((move.kind, move.number, move.pod), None)
        left[move.kind, move.number, move.pod] = move
    return tuple(left.values())


def _only(sequence: Sequence, places: Collection[Place]) -> Sequence:
    """With the moves of these places alone, without steps that have none left."""
    steps = (
        tuple(move for number, move in enumerate(moves) if (step, number) in places)
        for step, moves in enumerate(sequence)
    )
    return tuple(step for step in steps if step)
