"""What the attempts at the rows of a table saw, in the words of the model."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gauntlet.ground.family import family_of
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome as Seen
from gauntlet.semantics.asked import Row
from gauntlet.semantics.outcomes import Reaction
from gauntlet.semantics.places import Where
from gauntlet.semantics.truth_table import Observed, agrees

_REACTIONS = {
    Seen.OK: Reaction.ANSWERED,
    Seen.WRONG_BACKEND: Reaction.ANSWERED,
    # Whoever said that, somebody did.
    Seen.BAD_REPLY: Reaction.ANSWERED,
    Seen.REFUSED: Reaction.REFUSED,
    Seen.TIMEOUT: Reaction.SWALLOWED,
}
_NOT_PERMITTED = os.strerror(errno.EPERM)
UNKNOWN = "an unknown backend"


@dataclass(frozen=True)
class Names:
    """By what a pod calls itself in its replies: its addresses."""

    addresses: Mapping[str, tuple[str, ...]]

    def of_answer(self, row: Row, name: str | None) -> str:
        """The backend of the row that has this name, as the model writes it; else the name, and where that is."""
        known = self.addresses.get(name or "", ())
        for each in row.outcome.answers:
            if each.backend.address in known:
                return str(each.backend)
        there = next((each for each in known if family_of(each) is row.frontend.family), None)
        return (name if there is None else f"{name} at {there}") if name else UNKNOWN


def observed(rows: Sequence[Row], attempts: pl.DataFrame, names: Names) -> dict[int, Observed]:
    """By the number of the row. Of a row that nobody asked there is nothing. `attempts` have a column `row`."""
    kinds = attempts.group_by("row").agg(pl.struct("outcome", "backend", "error").unique())
    by_number = dict(kinds.iter_rows())
    return {row.number: _observed(row, by_number[row.number], names) for row in rows if row.number in by_number}


def disagreeing(rows: Sequence[Row], attempts: pl.DataFrame, names: Names) -> frozenset[int]:
    """The numbers of the rows where something was seen that the model does not allow, or nothing at all."""
    seen = observed(rows, attempts, names)
    return frozenset(row.number for row in rows if not agrees(row.outcome, seen.get(row.number)))


def _observed(row: Row, seen: Iterable[Mapping[str, str | None]], names: Names) -> Observed:
    reactions, backends = set[Reaction](), set[str]()
    for each in seen:
        reaction = _reaction(row, Seen(str(each["outcome"])), each["error"])
        reactions.add(reaction)
        if reaction is Reaction.ANSWERED:
            backends.add(names.of_answer(row, each["backend"]))
    return Observed(frozenset(reactions), frozenset(backends))


def _reaction(row: Row, outcome: Seen, error: str | None) -> Reaction:
    """A node's own datagram that a rule stops, by a refusal or without one, ends with EPERM before it is a packet."""
    if error == _NOT_PERMITTED and row.place.where is Where.NODE:
        return Reaction.REFUSED if row.is_refused else Reaction.SWALLOWED
    return _REACTIONS.get(outcome, Reaction.UNANSWERED)
