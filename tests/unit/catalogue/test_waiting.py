"""How long a step is waited for, where it is obeyed and where it is not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from types import SimpleNamespace
from typing import cast

from gauntlet.ground.family import BOTH, Family
from gauntlet.ground.frames import pl
from gauntlet.semantics.asked import Row
from gauntlet.traffic import Ask, Traffic
from gauntlet.traffic.table import no_answers
from gauntlet.workload.catalogue.clock import Clock
from gauntlet.workload.catalogue.tables import GLANCE, SILENT, Pace, Returned, Tables
from gauntlet.workload.catalogue.waiting import Patience, Waiting, kinds
from gauntlet.workload.disobeyed import Disobeyed
from tests.unit.catalogue.asking import around, planned
from tests.unit.semantics.world import CLUSTER_IP, endpoint, in_slice

ROWS = planned(CLUSTER_IP, slices=(in_slice(endpoint("a")),)).rows
FIRST = frozenset({ROWS[0].number})
NOBODY = frozenset[int]()
# No wait of a test comes to the end of one of these.
LONG_S = 3_600.0


class Answering:
    """Stands for tables: the rows that disagree, asking by asking, and the last of them for ever."""

    def __init__(self, *bad: Collection[int]) -> None:
        self._bad = list(bad)
        self.asked: list[frozenset[int]] = []
        self.doubtful: list[frozenset[int]] = []
        self.silences: set[Pace] = set()

    def ask(
        self, wanted: Iterable[tuple[Row, int]], questions: Ask, *, doubtful: Collection[int], silence: Pace
    ) -> Returned:
        self.asked.append(frozenset(row.number for row, _ in wanted))
        self.doubtful.append(frozenset(doubtful))
        self.silences.add(silence)
        return Returned(no_answers(), {})

    def disagreeing(self, rows: Sequence[Row], attempts: pl.DataFrame) -> frozenset[int]:
        bad = self._bad[0] if len(self._bad) == 1 else self._bad.pop(0)
        return frozenset(row.number for row in rows if row.number in bad)


class Showing:
    """Stands for the sentinel, which is shown when it is asked for so often."""

    def __init__(self, after: int = 1, *, is_trusted: bool = True) -> None:
        self.is_trusted = is_trusted
        self._after = after

    def is_shown_to(self, clients: object) -> bool:
        self._after -= 1
        return self._after <= 0


def waiting(tables: Answering, patience: Patience, disobeyed: Disobeyed, sentinel: Showing | None = None) -> Waiting:
    return Waiting(tables, sentinel, (), tables.disagreeing, patience, disobeyed)  # type: ignore[arg-type]


def test_rows_are_asked_once_the_sentinel_is_shown_and_those_again_that_did_not_agree() -> None:
    tables = Answering({ROWS[0].number, ROWS[1].number}, FIRST, NOBODY)
    patience = Patience(LONG_S, LONG_S, LONG_S)

    left = waiting(tables, patience, Disobeyed(), Showing(3)).until_obeyed(ROWS, Clock())

    assert not left
    every = frozenset(row.number for row in ROWS)
    assert tables.asked == [every, {ROWS[0].number, ROWS[1].number}, FIRST]
    assert tables.silences == {GLANCE}


def test_what_a_wait_was_in_vain_for_is_known_afterwards() -> None:
    known = Disobeyed(0.0)
    left = waiting(Answering(FIRST), Patience(LONG_S, 0.0, 0.0), known, Showing()).until_obeyed(ROWS, Clock())

    assert [row.number for row in left] == list(FIRST)
    assert known.knows(kinds(left))
    assert not known.knows(kinds(ROWS))


def test_what_is_known_not_to_be_obeyed_is_not_waited_for_again() -> None:
    known = Disobeyed(LONG_S)
    known.note(kinds(ROWS[:1]), (), LONG_S)
    tables = Answering({ROWS[0].number, ROWS[1].number}, FIRST)

    left = waiting(tables, Patience(LONG_S, LONG_S, 0.0), known, Showing()).until_obeyed(ROWS, Clock())

    # The second row is not known, and was waited for.
    assert [row.number for row in left] == list(FIRST)
    assert len(tables.asked) == 2
    # Nor is it asked by few at a time, which would wait for one time-out after the other.
    assert ROWS[0].number in tables.doubtful[0]
    assert ROWS[1].number not in tables.doubtful[0]


def test_what_is_obeyed_again_is_forgotten() -> None:
    known = Disobeyed()
    known.note(kinds(ROWS[:1]), (), LONG_S)
    waiting(Answering(NOBODY), Patience(LONG_S, LONG_S, LONG_S), known, Showing()).until_obeyed(ROWS, Clock())

    assert not known.knows(kinds(ROWS[:1]))


def test_a_sentinel_that_is_not_shown_by_the_deadline_is_trusted_no_more() -> None:
    sentinel = Showing(10_000)
    tables = Answering(FIRST)
    waiting(tables, Patience(deadline_s=0.0), Disobeyed(), sentinel).until_obeyed(ROWS, Clock())

    assert not sentinel.is_trusted
    assert len(tables.asked) == 1


def test_without_a_sentinel_that_tells_the_wait_for_what_is_known_is_that_of_all_cases() -> None:
    for sentinel in (None, Showing(is_trusted=False)):
        known = Disobeyed(0.0)
        known.note(kinds(ROWS[:1]), (), LONG_S)
        tables = Answering(FIRST)
        left = waiting(tables, Patience(LONG_S, LONG_S, LONG_S), known, sentinel).until_obeyed(ROWS, Clock())
        assert [row.number for row in left] == list(FIRST)
        assert len(tables.asked) == 1


def test_guests_are_asked_for_silence_as_long_as_when_it_is_judged() -> None:
    tables = Answering(NOBODY)
    waiting(tables, Patience(silence=SILENT), Disobeyed()).until_obeyed(ROWS, Clock())
    assert tables.silences == {SILENT}


def test_a_step_is_not_waited_for_by_refusals_that_are_known_a_second_late() -> None:
    refused = [row for row in planned(CLUSTER_IP, families=BOTH).rows if row.is_refused]
    freely = cast(Traffic, SimpleNamespace(refuses_freely=True))
    told = {row.frontend.family for row in refused if Tables(freely, around(), {}, None).tells(row)}

    assert {row.frontend.family for row in refused} == set(BOTH)
    assert told == {Family.IPV4}
