"""How often the rows of a step are asked for the verdict, above all those that nobody answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from gauntlet.ground.frames import pl
from gauntlet.semantics.asked import Row, enough_to_meet
from gauntlet.traffic.table import no_answers
from gauntlet.workload.catalogue import effort
from gauntlet.workload.catalogue.inquiry import inquire
from gauntlet.workload.catalogue.plan import Planned
from gauntlet.workload.catalogue.tables import Returned
from tests.unit.catalogue.asking import planned
from tests.unit.semantics.world import CLUSTER_IP, endpoint, in_slice

BACKENDS = ("a", "b", "c")
PLANNED = planned(CLUSTER_IP, slices=(in_slice(*map(endpoint, BACKENDS)),))
(CASE,) = set(PLANNED.case_of.values())


class Tables:
    """Rows that are `silent` are answered by nobody, the others by each backend in turn."""

    def __init__(self, silent: Collection[int] = (), *, are_limited: bool = True) -> None:
        self.silent = silent
        self.are_limited = are_limited
        self.asked: Counter[int] = Counter()

    def ask(self, wanted: Iterable[tuple[Row, int]], *, doubtful: Collection[int] = ()) -> Returned:
        frames = [no_answers(), *(self._answers(row.number, attempts) for row, attempts in wanted)]
        return Returned(pl.concat(frames), {})

    def is_limited(self, row: Row) -> bool:
        return self.are_limited and effort.is_limited(row)

    def refusals_left(self, row: Row) -> int:
        return 0

    def _answers(self, row: int, attempts: int) -> pl.DataFrame:
        self.asked[row] += attempts
        names = [None if row in self.silent else BACKENDS[number % len(BACKENDS)] for number in range(attempts)]
        frame = pl.DataFrame({"row": [row] * attempts, "backend": names}, schema_overrides={"backend": pl.String()})
        return pl.concat([no_answers(), frame], how="diagonal")


class Flows:
    def silent_clients(self) -> frozenset[str]:
        return frozenset()

    def judged(self) -> Returned:
        return Returned(no_answers(), {})


def test_every_refusal_is_asked_for_where_kernels_do_not_limit_them() -> None:
    refused = planned(CLUSTER_IP)
    limited = {row.number for row in refused.rows if effort.is_limited(row)}
    assert limited

    some = inquire(Tables(), Flows(), refused, (), 0)  # type: ignore[arg-type]
    assert {row.number for row in some.too_many} == limited
    every = inquire(Tables(are_limited=False), Flows(), refused, (), 0)  # type: ignore[arg-type]
    assert not every.too_many
    assert set(every.attempts["row"]) == {row.number for row in refused.rows}


def _asked(tables: Tables, hopeless: Collection[str], of: Planned = PLANNED) -> Counter[int]:
    seen = inquire(tables, Flows(), of, hopeless, 0)  # type: ignore[arg-type]
    assert dict(seen.attempts.group_by("row").len().iter_rows()) == tables.asked
    return tables.asked


def test_rows_are_asked_as_their_effort_says() -> None:
    assert _asked(Tables(), ()) == {row.number: effort.first(row) for row in PLANNED.rows}


def test_what_nobody_answers_in_a_case_that_was_waited_for_in_vain_is_asked_twice() -> None:
    silent = {PLANNED.rows[0].number, PLANNED.rows[-1].number}
    asked = _asked(Tables(silent), {CASE})

    assert {asked[row] for row in silent} == {effort.ANSWERED}
    assert all(
        asked[row.number] == effort.ANSWERED + effort.first(row) for row in PLANNED.rows if row.number not in silent
    )


def test_what_nobody_answers_is_asked_on_in_a_case_that_was_obeyed() -> None:
    first = PLANNED.rows[0]
    assert _asked(Tables({first.number}), ())[first.number] == enough_to_meet(len(BACKENDS))
