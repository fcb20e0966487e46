"""Truth tables: for each client and frontend, what was expected and what was seen, side by side."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gauntlet.semantics.outcomes import Outcome, Reaction, in_words

WIDTH = 80
_COLUMNS = 4
_GAP = "  "
_MARK = {True: "  ", False: "! "}
_SILENCE = frozenset({Reaction.REFUSED, Reaction.SWALLOWED})


@dataclass(frozen=True)
class Question:
    """A row of the table: who asked, and what, in words."""

    client: str
    frontend: str


@dataclass(frozen=True)
class Observed:
    """What attempts saw: the reactions, and the addresses (address:port) of the backends that answered."""

    reactions: frozenset[Reaction]
    backends: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return in_words(self.reactions, self.backends) or "not asked"


@dataclass(frozen=True)
class TruthTable:
    """`expected` has a row for each question; a question that nobody asked does not agree."""

    expected: Mapping[Question, Outcome]
    observed: Mapping[Question, Observed]

    def disagreeing(self) -> tuple[Question, ...]:
        return tuple(each for each in self.expected if not agrees(self.expected[each], self.observed.get(each)))

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def report(self, rules_of: Mapping[str, Sequence[str]]) -> str:
        """The table, why what disagrees was expected, and the rules of the nodes that decided, by node."""
        wrong = self.disagreeing()
        reasons = dict.fromkeys(rule for each in wrong for rule in self.expected[each].rules)
        lines = [*self._lines(), *(["expected because:"] if reasons else [])]
        for rule in reasons:
            lines += textwrap.wrap(str(rule), WIDTH, initial_indent="- ", subsequent_indent="  ")
        nodes = (node for each in wrong for node in self.expected[each].decided_by.split(", ") if node)
        for node in dict.fromkeys(nodes):
            lines += [f"rules of {node}:", *(rules_of.get(node) or ["(not read)"])]
        return "\n".join(lines)

    def _lines(self) -> list[str]:
        lines = _row(_MARK[True], "client", "frontend", "expected", "observed")
        for question, outcome in self.expected.items():
            seen = self.observed.get(question)
            mark = _MARK[agrees(outcome, seen)]
            lines += _row(mark, question.client, question.frontend, str(outcome), str(seen or Observed(frozenset())))
        return lines


def agrees(outcome: Outcome, seen: Observed | None) -> bool:
    """Whether all that was seen is allowed. Nothing seen is not; what is not in the model is."""
    if seen is None or not seen.reactions:
        return False
    if Reaction.UNHANDLED in outcome.reactions:
        return True
    # Who hears that a port is closed, or hears nothing, got no answer.
    silence = _SILENCE if Reaction.UNANSWERED in outcome.reactions else frozenset[Reaction]()
    return seen.reactions <= outcome.reactions | silence and seen.backends <= set(map(str, outcome.backends))


def _row(mark: str, *cells: str) -> list[str]:
    """A row, each cell broken over as many lines as it needs."""
    width = (WIDTH - len(mark) - len(_GAP) * (_COLUMNS - 1)) // _COLUMNS
    columns = [textwrap.wrap(cell, width) or [""] for cell in cells]
    height = max(map(len, columns))
    padded = [column + [""] * (height - len(column)) for column in columns]
    lines = (_GAP.join(part.ljust(width) for part in parts) for parts in zip(*padded, strict=True))
    return [f"{mark if number == 0 else _MARK[True]}{line}".rstrip() for number, line in enumerate(lines)]
