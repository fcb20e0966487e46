"""Tables: asks rows of the plan, each client its own at once, and tells what came back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Frontend
from gauntlet.semantics.asked import Row
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.objects import Protocol
from gauntlet.traffic import Ask, Target, Traffic, refusal_limit
from gauntlet.traffic.table import Table, TableRow, no_answers
from gauntlet.workload.catalogue import effort
from gauntlet.workload.catalogue.questions import spoken
from gauntlet.workload.catalogue.surroundings import Surroundings


class Pace(NamedTuple):
    """Attempts in flight of one client, and how long each may take."""

    users: int
    timeout_s: float


# What is answered takes the processors' time, what is not waits.
QUICK, SILENT = Pace(8, 1.0), Pace(64, 0.5)
# Of a step that is waited for. Whoever answers still does so in milliseconds, and the sentinel has told that nobody is
# to; what is judged is asked for longer.
GLANCE = Pace(SILENT.users, 0.2)
# What is to be answered, and was not when it, or what nodes serve in the same way, was asked before.
DOUBTFUL = Pace(SILENT.users, QUICK.timeout_s)
# By SCTP, whose client and server are programs that busy processors make wait, each for every packet, and which send
# nothing again: of 2,500 associations beside four clusters on two processors one took more than a second.
BY_SCTP = Pace(QUICK.users, 3.0)
LATE = Pace(64, refusal_limit.LATE_S)
EVERYTHING = Ask.HOSTNAME | Ask.SOURCE_IP
_FRONTENDS = {
    Kind.CLUSTER_IP: Frontend.CLUSTER_IP,
    Kind.NODE_PORT: Frontend.NODE_PORT,
    Kind.LOAD_BALANCER: Frontend.LOAD_BALANCER,
    Kind.EXTERNAL_IP: Frontend.EXTERNAL_IP,
}


@dataclass(frozen=True)
class Returned:
    """`attempts` has the ANSWERS schema; `unasked` says by the number of a row why nothing came of it."""

    attempts: pl.DataFrame
    unasked: Mapping[int, str]


class Tables:
    """Asks from the clients of one cluster. `most_per_s` is how many attempts of one client its nodes bear."""

    def __init__(
        self, traffic: Traffic, around: Surroundings, nodes: Mapping[str, str], most_per_s: float | None
    ) -> None:
        self._traffic = traffic
        self._hosts = {each.host.name: each.host for each in around.askers}
        self._nodes = nodes
        self._most_per_s = most_per_s

    def ask(
        self,
        wanted: Iterable[tuple[Row, int]],
        questions: Ask = EVERYTHING,
        *,
        doubtful: Collection[int] = (),
        silence: Pace = SILENT,
    ) -> Returned:
        """So many attempts at each of these rows. Doubtful are, by their numbers, those that may well not be answered.

        `silence` is how those are asked that nobody is to answer.
        """
        tables: dict[tuple[str, Pace], list[TableRow]] = {}
        for row, attempts in wanted:
            at = pace(row, is_doubtful=row.number in doubtful, silence=silence)
            tables.setdefault((row.client, at), []).append(TableRow(row.number, target(row), attempts))
        if not tables:
            return Returned(no_answers(), {})
        totals = {client: 0 for client, _ in tables}
        for (client, _), rows in tables.items():
            totals[client] += sum(each.attempts for each in rows)
        with ThreadPoolExecutor(len(tables)) as pool:
            asked = [
                pool.submit(self._ask, self._hosts[client], self._table(rows, totals[client], at, questions))
                for (client, at), rows in tables.items()
            ]
            made = [each.result() for each in asked]
        frame = pl.concat([each.attempts for each in made]).with_columns(
            backend_node=pl.col("backend").replace_strict(dict(self._nodes), default=None, return_dtype=pl.String())
        )
        unasked = {number: why for each in made for number, why in each.unasked.items()}
        return Returned(frame, unasked)

    def tells(self, row: Row) -> bool:
        """Whether a step is waited for by this row.

        Not by refusals that kernels limit, which would be used up; nor by those that are known a second late: what the
        same node refuses over IPv4 and UDP is waited for, and IPv6 has the sentinel. Both are judged like any other.
        """
        return not self.is_limited(row) and not is_late(row)

    def is_limited(self, row: Row) -> bool:
        """Whether kernels limit their refusals of this row."""
        return effort.is_limited(row) and not self._traffic.refuses_freely

    def refusals_left(self, row: Row) -> int:
        """How often the kernels may refuse the client of this row now, at least."""
        return self._traffic.refusals_left(self._hosts[row.client], target(row))

    def _table(self, rows: Sequence[TableRow], total: int, at: Pace, questions: Ask) -> Table:
        """`total` are the attempts of the client's tables together, which share what its nodes bear."""
        share = sum(each.attempts for each in rows) / total
        return Table(
            tuple(rows),
            users=at.users,
            timeout_s=at.timeout_s,
            rate_per_s=self._most_per_s and self._most_per_s * share,
            ask=questions,
        )

    def _ask(self, client: Host, table: Table) -> Returned:
        """An agent that does not work leaves its rows unasked, and spoils no others."""
        try:
            answers = self._traffic.ask(client, table)
        except Inconclusive as error:
            return Returned(no_answers(), {each.number: error.what for each in table.rows})
        return Returned(answers.attempts, answers.unmade)


def pace(row: Row, *, is_doubtful: bool = False, silence: Pace = SILENT) -> Pace:
    if row.is_answered and row.frontend.protocol is Protocol.SCTP and not is_doubtful:
        return BY_SCTP
    if row.is_answered:
        return DOUBTFUL if is_doubtful else QUICK
    if row.is_refused:
        return LATE if is_late(row) else QUICK
    return silence


def is_late(row: Row) -> bool:
    """Whether a refusal of this row is known only when its SYN is repeated."""
    return row.is_refused and refusal_limit.comes_late(target(row))


def target(row: Row) -> Target:
    frontend = row.frontend
    kind, protocol = _FRONTENDS[frontend.kind], spoken(frontend.protocol)
    return Target(row.service, kind, frontend.address, frontend.number, protocol)
