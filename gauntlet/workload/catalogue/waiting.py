"""Waiting for a step: until every row agrees with the model once, and for what is not obeyed no longer than tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

from gauntlet.ground.cluster import Host
from gauntlet.ground.frames import pl
from gauntlet.semantics.asked import Row
from gauntlet.traffic import Ask
from gauntlet.workload.catalogue.clock import Clock
from gauntlet.workload.catalogue.sentinel import Sentinel
from gauntlet.workload.catalogue.tables import GLANCE, Pace, Tables, target
from gauntlet.workload.disobeyed import Disobeyed, kind

EVERY_S = 0.1

# The rows that do not agree with the model, of these attempts.
Disagreeing = Callable[[Sequence[Row], pl.DataFrame], frozenset[int]]


@dataclass(frozen=True)
class Patience:
    """How long a step is waited for: in all, and for what is still not obeyed on nodes that show the sentinel.

    `again_s` is the latter for what was waited for in vain before, a sync more than the sentinel's. `silence` is how
    rows are asked that nobody is to answer.
    """

    deadline_s: float = 15.0
    grace_s: float = 4.0
    again_s: float = 1.5
    silence: Pace = GLANCE


@dataclass(frozen=True)
class Waiting:
    """Asks rows until each agrees, only those again that did not, with one deadline for all cases.

    That is no trying until it passes: what is judged is asked after this, once. `clients` are asked for the sentinel.
    """

    tables: Tables
    sentinel: Sentinel | None
    clients: tuple[Host, ...]
    disagreeing: Disagreeing
    patience: Patience
    disobeyed: Disobeyed

    def until_obeyed(self, rows: Sequence[Row], clock: Clock) -> Sequence[Row]:
        """Returns those that still did not agree."""
        begun_s = time.monotonic()
        # Without a sentinel that can be trusted the rows alone tell of an effect.
        is_told = self.sentinel is not None and self.sentinel.is_trusted
        shown_s = None if is_told else begun_s
        pending, doubtful = rows, {row.number for row in rows if self.disobeyed.knows(kinds([row]))}
        while True:
            if shown_s is None and self.sentinel is not None and self.sentinel.is_shown_to(self.clients):
                shown_s = time.monotonic()
                clock.stop("shown")
            is_late = self._is_late(begun_s, shown_s if is_told else None)
            if shown_s is not None or is_late:
                pending = self._disagreed(pending, doubtful)
                doubtful = {row.number for row in pending}
            is_over = shown_s is not None and self._is_enough(pending, begun_s, shown_s if is_told else None)
            if is_late or is_over:
                clock.stop("obeyed")
                if is_told and self.sentinel is not None:
                    self.sentinel.is_trusted = shown_s is not None
                left = kinds(pending)
                self.disobeyed.note(left, kinds(rows) - left, time.monotonic() - begun_s)
                return pending
            time.sleep(EVERY_S)

    def _disagreed(self, rows: Sequence[Row], doubtful: Collection[int]) -> Sequence[Row]:
        # Who answers tells whether a row is obeyed; which client it saw is judged afterwards.
        seen = self.tables.ask(
            [(row, 1) for row in rows], Ask.HOSTNAME, doubtful=doubtful, silence=self.patience.silence
        )
        bad = self.disagreeing(rows, seen.attempts)
        return [row for row in rows if row.number in bad]

    def _is_late(self, begun_s: float, shown_s: float | None) -> bool:
        """`shown_s` is when the sentinel was; None if it was not, or does not tell."""
        now_s = time.monotonic()
        graced = shown_s is not None and now_s >= shown_s + self.patience.grace_s
        return graced or now_s >= begun_s + self.patience.deadline_s

    def _is_enough(self, pending: Sequence[Row], begun_s: float, shown_s: float | None) -> bool:
        if not pending:
            return True
        left, now_s = kinds(pending), time.monotonic()
        if shown_s is None:
            return self.disobeyed.is_enough(left, now_s - begun_s)
        return self.disobeyed.knows(left) and now_s >= shown_s + self.patience.again_s


def kinds(rows: Iterable[Row]) -> frozenset[Hashable]:
    """What is waited for, as nodes obey it or not."""
    return frozenset(kind(row.client, target(row), _must(row)) for row in rows)


def _must(row: Row) -> str:
    return "answered" if row.is_answered else "refused" if row.is_refused else "unanswered"
