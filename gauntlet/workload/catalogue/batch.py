"""A batch: cases whose steps are taken together. What is declared is made, waited for once, and asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from gauntlet.ground.cluster import Cluster, HostKind, Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind
from gauntlet.kube.api import Api
from gauntlet.semantics.asked import Row
from gauntlet.semantics.objects import ServiceType
from gauntlet.traffic.sctp_servers import SctpServers
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.backend import APP
from gauntlet.workload.catalogue.associations import await_servers
from gauntlet.workload.catalogue.clock import Clock
from gauntlet.workload.catalogue.course import Course, StepRecord
from gauntlet.workload.catalogue.flows import Flows
from gauntlet.workload.catalogue.found import Found, read_back
from gauntlet.workload.catalogue.inquiry import Asked, inquire
from gauntlet.workload.catalogue.plan import Planned, Wanted, plan
from gauntlet.workload.catalogue.pool import Pool
from gauntlet.workload.catalogue.rules_now import RulesNow
from gauntlet.workload.catalogue.sentinel import Sentinel
from gauntlet.workload.catalogue.surroundings import Surroundings
from gauntlet.workload.catalogue.tables import Tables
from gauntlet.workload.catalogue.waiting import Disagreeing, Patience, Waiting, kinds
from gauntlet.workload.changes import Declarations
from gauntlet.workload.disobeyed import Disobeyed
from gauntlet.workload.effect import with_syncs
from gauntlet.workload.workload import Workload

_MOST_MISSING = 12
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tools:
    """What a batch works with. `disagreeing` finds rows that are not as the model says: what was seen, checkers say.

    `early_nodes` may answer before their sync is over. Without a `sentinel` the rows alone tell of an effect.
    `disobeyed` is what the nodes are known not to obey, from the batches before in this cluster.
    """

    cluster: Cluster
    api: Api
    workload: Workload
    pool: Pool
    around: Surroundings
    tables: Tables
    flows: Flows
    disagreeing: Disagreeing
    patience: Patience
    sentinel: Sentinel | None
    early_nodes: Sequence[Node]
    sctp: SctpServers
    disobeyed: Disobeyed


class Batch:
    """Takes these cases through their steps, the first of each together, the second of each, …"""

    def __init__(self, tools: Tools, courses: Sequence[Course]) -> None:
        self._tools = tools
        self._courses = courses
        self._there: Declarations = {}
        self._of_case: dict[str, Declarations] = {}
        self._refused: Collection[str] = ()
        self._next_row = 1

    def run(self) -> None:
        """What comes of it stands in the courses. Raises ApiUnreachable, and whatever no case alone can have caused."""
        try:
            for number in range(max((len(each.steps) for each in self._courses), default=0)):
                self.take(number)
        finally:
            self.close()

    def close(self) -> None:
        """Take away what is there."""
        self._tools.flows.close()
        # The sentinel goes as well: what is there while nothing changes looks to others as if it were about to go.
        namespaces.clear(self._tools.api, self._tools.workload.namespace)
        self._there = {}
        self._of_case.clear()
        if self._tools.sentinel is not None:
            self._tools.sentinel.forget()

    def look_around(self, around: Surroundings) -> None:
        """Nodes or kube-proxies are others from now on, or have another configuration."""
        self._tools.flows.look_around(around)
        self._tools = replace(self._tools, around=around)

    def take(self, number: int) -> None:
        """The steps with this number, which follow those before. Raises as `run` does."""
        self._note(number)
        clock = Clock()
        await_servers(self._tools.sctp, self._courses, number)
        self._write(number)
        clock.stop("written")
        found = self._read_back(number)
        clock.stop("read back")
        planned = self._planned(number, found)
        clock.stop("planned")
        missing, behind = with_syncs(
            self._tools.early_nodes,
            time.monotonic() + self._tools.patience.deadline_s,
            lambda: self._waiting().until_obeyed(self._telling(planned), clock),
        )
        self._note_missing(missing, behind, planned)
        clock.stop("in sync")
        planned = self._with_flows(number, planned, found)
        clock.stop("flows settled")
        asked = inquire(self._tools.tables, self._tools.flows, planned, self._hopeless(), number)
        await_servers(self._tools.sctp, self._courses, number)
        clock.stop("asked")
        self._record(number, planned, asked)
        clock.stop("recorded")
        _log.debug(
            "step %d of %d cases: %d rows, %d attempts, %d rows not obeyed; %s",
            number + 1,
            len(self._courses),
            len(planned.rows),
            asked.attempts.height,
            len(missing),
            clock,
        )

    def _write(self, number: int) -> None:
        both = len(self._tools.around.families) > 1
        for course in self._courses:
            # What a case had in its last step stays: that it goes would be work for nobody's sake.
            if not course.is_over(number):
                self._of_case[course.key] = course.declared(number, both_families=both)
        wanted = {service: made for each in self._of_case.values() for service, made in each.items()}
        refused = self._tools.workload.apply(self._there, wanted)
        for course in self._courses:
            course.refuse(refused, number)
        # What was refused may be there in part: it counts as there.
        self._there = wanted
        self._refused = refused
        if self._tools.sentinel is not None:
            self._tools.sentinel.turn()

    def _read_back(self, number: int) -> Found:
        # The controllers write no slices for a name.
        names = {
            service.name: service.app == APP and service.type is not ServiceType.EXTERNAL_NAME
            for course in self._courses
            if course.step(number) is not None
            for service in self._of_case[course.key]
            if service.name not in self._refused
        }
        second = self._tools.pool.pods.all[len(self._tools.pool.pods.nodes) :]
        selected = {address for each in second for address in each.addresses}
        return read_back(self._tools.api, self._tools.workload.namespace, names, selected, self._tools.around.nodes)

    def _planned(self, number: int, found: Found) -> Planned:
        wanted = []
        for course in self._courses:
            step = course.step(number)
            if step is None:
                continue
            names = [course.name(service.name) for service in step.services]
            if unsettled := [name for name in names if name in found.missing]:
                course.trouble = Inconclusive(
                    f"the cluster did not give {', '.join(unsettled)} all that is asked for in step '{step.words}'",
                    "addresses come from the API server and the load balancer, endpoints from the controllers",
                )
                continue
            services = tuple(found.services[name] for name in names)
            wanted.append(Wanted(course.key, step.asks, services, course.former))
        planned = plan(wanted, found.slices, found.taken, self._tools.around, self._next_row)
        self._next_row += len(planned.rows)
        for course in self._courses:
            course.former = planned.had.get(course.key, course.former)
        return planned

    def _with_flows(self, number: int, planned: Planned, found: Found) -> Planned:
        tools = self._tools
        rows = tools.flows.settle(self._courses, number, found, self._next_row, tools.disagreeing, self._is_enough)
        self._next_row += len(rows)
        cases = {row.number: case for row, case in rows.items()}
        return replace(planned, rows=(*planned.rows, *rows), case_of={**planned.case_of, **cases})

    def _is_enough(self, rows: Sequence[Row], waited_s: float) -> bool:
        """Whether flows with these rows need not be waited for any longer, where tables are in effect already."""
        patience, left = self._tools.patience, kinds(rows)
        return waited_s >= (patience.again_s if self._tools.disobeyed.knows(left) else patience.grace_s)

    def _telling(self, planned: Planned) -> list[Row]:
        """The rows by which the step is waited for."""
        hopeless = self._hopeless()
        return [
            row for row in planned.rows if planned.case_of[row.number] not in hopeless and self._tools.tables.tells(row)
        ]

    def _waiting(self) -> Waiting:
        tools = self._tools
        hosts = [asker.host for asker in tools.around.askers]
        pods = tuple(each for each in hosts if each.kind is HostKind.POD)
        return Waiting(tools.tables, tools.sentinel, pods, tools.disagreeing, tools.patience, tools.disobeyed)

    def _record(self, number: int, planned: Planned, asked: Asked) -> None:
        forbidden = {row.number for row in asked.too_many}
        bad = self._tools.disagreeing([row for row in planned.rows if row.number not in forbidden], asked.attempts)
        read = RulesNow(self._tools.cluster, self._tools.around.modes)
        for course in self._courses:
            step = course.step(number)
            if step is None:
                continue
            rows = tuple(
                row for row in planned.rows if planned.case_of[row.number] == course.key and row.number not in forbidden
            )
            left_out = sum(planned.case_of[row.number] == course.key for row in asked.too_many)
            self._note_unasked(course, planned, left_out)
            own = asked.attempts.filter(pl.col("row").is_in([row.number for row in rows]))
            explained = read.explain([row for row in rows if row.number in bad and row.number not in asked.unasked])
            course.records.append(StepRecord(step.words, rows, own, explained, asked.unasked, left_out))

    def _hopeless(self) -> frozenset[str]:
        """The keys of cases that nobody waits for any more."""
        return frozenset(each.key for each in self._courses if each.is_hopeless)

    def _note(self, number: int) -> None:
        for course in self._courses:
            if (step := course.step(number)) is not None:
                words = f"step {number + 1} of {len(course.steps)}: {step.words}"
                course.events.append(Event(EventKind.WINDOW_STARTED, words, at_ns=time.time_ns()))

    def _note_unasked(self, course: Course, planned: Planned, limited: int) -> None:
        """What is left out of the tables is said."""
        unsaid = planned.unsaid.get(course.key, 0)
        words = [
            *([f"{limited} rows that are to be refused: the kernels refuse a client only so often"] if limited else []),
            *([f"{unsaid} rows of which nobody says what holds"] if unsaid else []),
        ]
        if words:
            course.events.append(Event(EventKind.NOT_ASKED, course.key, detail="; ".join(words), at_ns=time.time_ns()))

    def _note_missing(self, missing: Sequence[Row], behind: Sequence[str], planned: Planned) -> None:
        at_ns = time.time_ns()
        for course in self._courses:
            rows = [row for row in missing if planned.case_of[row.number] == course.key]
            course.is_hopeless = course.is_hopeless or bool(rows)
            words = [*behind, *(f"{row.question.client} -> {row.question.frontend}" for row in rows[:_MOST_MISSING])]
            if words:
                course.events.append(Event(EventKind.NOT_IN_EFFECT, course.key, detail="; ".join(words), at_ns=at_ns))
