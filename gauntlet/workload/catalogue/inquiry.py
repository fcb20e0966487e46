"""The asking of a step that is judged: which rows, how often, in which order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from gauntlet.ground.frames import pl
from gauntlet.semantics.asked import Row
from gauntlet.workload.catalogue import effort
from gauntlet.workload.catalogue.flows import Flows
from gauntlet.workload.catalogue.plan import Planned
from gauntlet.workload.catalogue.tables import Returned, Tables


class Asked(NamedTuple):
    """All attempts by time, why rows were not asked, by their numbers, and the rows that the kernels forbid."""

    attempts: pl.DataFrame
    unasked: Mapping[int, str]
    too_many: Sequence[Row]


def inquire(tables: Tables, flows: Flows, planned: Planned, hopeless: Collection[str], turn: int) -> Asked:
    """Ask all that is planned. `hopeless` are cases that were waited for in vain, by their keys.

    `turn` says whose rows come first where kernels limit their refusals.
    """
    limited, free = list[Row](), list[Row]()
    for row in planned.rows:
        if tables.is_limited(row):
            limited.append(row)
        elif not row.flow:
            free.append(row)
    used_up = flows.silent_clients()
    left = {row.client: 0 if row.client in used_up else tables.refusals_left(row) for row in limited}
    chosen, too_many = effort.within_limits(limited, planned.case_of, left, turn)
    # Others may be refused as well, which uses up what the kernels may refuse a client: they come afterwards.
    refused = tables.ask([(row, 1) for row in chosen])
    doubtful = [row for row in free if row.is_answered and planned.case_of[row.number] in hopeless]
    numbers = {row.number for row in doubtful}
    tried = tables.ask([(row, effort.ANSWERED) for row in doubtful], doubtful=numbers)
    # More attempts at what nobody answers would tell no more.
    lost = numbers - set(_met([tried]))
    free = [row for row in free if row.number not in lost]
    once = (refused, tried, tables.ask([(row, effort.first(row)) for row in free]))
    every = (*once, tables.ask(effort.rest(free, _met(once))), flows.judged())
    unasked = {number: why for each in every for number, why in each.unasked.items()}
    return Asked(_attempts(every).sort("at_ns", maintain_order=True), unasked, too_many)


def _met(of: Iterable[Returned]) -> dict[int, int]:
    """How many backends were met, by the numbers of rows that met one."""
    answered = _attempts(of).drop_nulls("backend")
    return dict(answered.group_by("row").agg(pl.col("backend").n_unique()).iter_rows())


def _attempts(of: Iterable[Returned]) -> pl.DataFrame:
    return pl.concat([each.attempts for each in of])
