"""The flows of declared cases: clients that go on asking from one socket while the steps change what they ask for."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import Family
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, Protocol
from gauntlet.ground.history import Outcome as Seen
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.semantics.asked import Effort, Row
from gauntlet.semantics.frontends import Frontend, Kind
from gauntlet.semantics.objects import Protocol as Spoken
from gauntlet.semantics.objects import Service, ServicePort
from gauntlet.semantics.outcomes import Outcome, Reaction
from gauntlet.semantics.places import Where
from gauntlet.traffic import Load, Traffic
from gauntlet.traffic.table import no_answers
from gauntlet.workload.catalogue.course import Course
from gauntlet.workload.catalogue.found import Found
from gauntlet.workload.catalogue.questions import own_frontends
from gauntlet.workload.catalogue.started import Started
from gauntlet.workload.catalogue.step import Flow
from gauntlet.workload.catalogue.surroundings import Asker, Surroundings
from gauntlet.workload.catalogue.tables import Returned, target
from gauntlet.workload.catalogue.waiting import Disagreeing

# Whether flows with these rows were waited for long enough, in s.
IsEnough = Callable[[Sequence[Row], float], bool]

RATE_PER_S = 5.0
TIMEOUT_S = 0.4
# So many attempts of a flow, at least, by which it is judged: begun after a step is in effect, also beside its tables.
JUDGED = 3
_SETTLED_WITHIN_S = _JUDGED_WITHIN_S = 30.0
_AGREES = 2
# Below the ephemeral ports, and none is used twice: conntrack remembers the last one.
_PORTS = itertools.count(20_000)


class Flows:
    """All flows of a batch."""

    def __init__(self, traffic: Traffic, around: Surroundings, names: Mapping[str, tuple[str, ...]]) -> None:
        self._traffic = traffic
        self._around = around
        self._names = names
        self._started: dict[tuple[str, Flow, Family], Started] = {}

    def look_around(self, around: Surroundings) -> None:
        """Nodes, or their kube-proxies, are others from now on."""
        self._around = around

    def settle(
        self,
        courses: Sequence[Course],
        number: int,
        found: Found,
        first: int,
        disagreeing: Disagreeing,
        is_enough: IsEnough,
    ) -> dict[Row, str]:
        """Take all flows into a step, and wait until they see what the model says. Returns their rows with their cases.

        `first` is the number of the first of these rows. Whether they do see it in the end is for the checkers to say.
        """
        rows: dict[Row, str] = {}
        for course in courses:
            try:
                self._follow(course, number, found)
            except Inconclusive as error:
                course.trouble = error
            rows |= dict.fromkeys(self._rows(course, found, first + len(rows)), course.key)
        self._mark()
        pending = {each.row: each for each in self._started.values() if each.row in rows and not each.is_hopeless}
        begun_s = time.monotonic()

        def is_over() -> bool:
            nonlocal pending
            bad = disagreeing(list(pending), self._latest({row.number for row in pending}))
            pending = {row: each for row, each in pending.items() if row.number in bad}
            return not pending or is_enough(list(pending), time.monotonic() - begun_s)

        if rows:
            with suppress(NotInTime):
                until(is_over, what="flows see what the model says", deadline_s=_SETTLED_WITHIN_S, every_s=0.2)
            for each in pending.values():
                each.is_hopeless = True
            self._mark()
        return rows

    def _follow(self, course: Course, number: int, found: Found) -> None:
        """Stop the flows that a step leaves out, and start those that it names first.

        Raises Inconclusive if an agent does not work, or nothing is known of what a flow is to ask.
        """
        step = course.step(number)
        wanted = () if step is None else step.flows
        for (case, declared, family), started in list(self._started.items()):
            if case == course.key and declared not in wanted:
                started.running.stop()
                del self._started[case, declared, family]
        for declared in wanted:
            for frontend, service in self._asked(course, declared, found):
                name = (course.key, declared, frontend.family)
                if name not in self._started:
                    self._started[name] = self._start(declared, frontend, service)

    def _rows(self, course: Course, found: Found, first: int) -> list[Row]:
        """A row for each flow of a case, and what the model says of it now. Those that are over have none."""
        rows: list[Row] = []
        for (case, declared, _), started in self._started.items():
            if case != course.key or started.is_over:
                continue
            service = found.services.get(course.name(declared.service))
            said = started.said(service, found, self._around)
            started.row = None
            if said is None:
                started.is_over = True
                continue
            started.row = started.asked(first + len(rows), said)
            rows.append(started.row)
        return rows

    def _mark(self) -> None:
        now_ns = time.time_ns()
        for started in self._started.values():
            started.mark(now_ns)

    def _latest(self, rows: set[int]) -> pl.DataFrame:
        """The last attempts at these rows."""
        asked = [each for each in self._started.values() if each.row is not None and each.row.number in rows]
        parts = [each.seen().tail(_AGREES) for each in asked]
        return pl.concat([no_answers(), *(each for each in parts if each.height == _AGREES)])

    def judged(self) -> Returned:
        """The attempts at each row since the mark, once there are a few of each; those that fell silent are unasked."""
        rows = [(each, each.row) for each in self._started.values() if each.row is not None]
        silent = {row.number: each for each, row in rows}

        def all_go_on() -> bool:
            nonlocal silent
            silent = {number: each for number, each in silent.items() if each.attempts_of_the_step() < JUDGED}
            return not silent

        with suppress(NotInTime):
            until(all_go_on, what="flows go on", deadline_s=_JUDGED_WITHIN_S, every_s=0.1)
        unasked = dict.fromkeys(silent, _SILENT)
        parts = [(each, each.seen()) for each, row in rows if row.number not in unasked]
        for each, part in parts:
            self._keep(each, part)
            if each.is_tcp:
                each.since_ns = time.time_ns() if part.is_empty() else int(part["at_ns"][-1]) + 1
        return Returned(pl.concat([no_answers(), *(part for _, part in parts)]), unasked)

    def silent_clients(self) -> frozenset[str]:
        """Clients that are refused again and again: what the kernels may refuse them is used up."""
        return frozenset(
            each.row.client
            for each in self._started.values()
            if each.row is not None and Reaction.ANSWERED not in each.row.outcome.reactions
        )

    def close(self) -> None:
        """End all of them. What they did is judged already: an agent that is gone has nothing more to say."""
        for each in self._started.values():
            each.running.ask_to_stop()
        for each in self._started.values():
            with suppress(Inconclusive):
                each.running.stop()
        self._started.clear()

    def _asked(self, course: Course, declared: Flow, found: Found) -> Iterable[tuple[Frontend, Service]]:
        """What a flow asks, in each family: what the Service has, or had."""
        name = course.name(declared.service)
        now = found.services.get(name)
        own = [] if now is None else [(each, now) for each in own_frontends(now, self._around)]
        had = [(each, service) for service, each in course.former.values() if service.name.endswith(f"/{name}")]
        candidates = [*own, *had]
        if declared.kind is Kind.NODE_PORT and declared.port:
            service = next((service for _, service in candidates), None)
            return [] if service is None else self._at_port(declared, service)
        spoken = Spoken(declared.protocol.upper())
        chosen: dict[Family, tuple[Frontend, Service]] = {}
        for frontend, service in candidates:
            fits = frontend.kind is declared.kind and frontend.protocol is spoken
            if fits and self._is_at(declared, frontend):
                chosen.setdefault(frontend.family, (frontend, service))
        if not chosen:
            raise Inconclusive(
                f"a flow asks for Service {declared.service} at a {declared.kind}, which it has not had yet",
                "let an earlier step make the Service, or give the flow a port",
            )
        return list(chosen.values())

    def _at_port(self, declared: Flow, service: Service) -> list[tuple[Frontend, Service]]:
        node = self._around.nodes[declared.at]
        port = ServicePort(declared.port, protocol=Spoken(declared.protocol.upper()), node_port=declared.port)
        return [
            (Frontend(declared.kind, address, declared.port, port, family), service)
            for family in self._around.families
            if (address := node.primary(family)) is not None
        ]

    def _is_at(self, declared: Flow, frontend: Frontend) -> bool:
        node = self._around.nodes[declared.at]
        return frontend.kind is not Kind.NODE_PORT or frontend.address in node.addresses

    def _start(self, declared: Flow, frontend: Frontend, service: Service) -> Started:
        asker = self._asker(declared)
        place = asker.place(frontend.family)
        assert place is not None
        row = Row(0, asker.host.name, place, service.name, frontend, _NOTHING, Effort.ANSWERS)
        is_udp = declared.protocol is Protocol.UDP
        load = Load(
            target(row),
            users=1,
            rate_per_s=RATE_PER_S,
            connection=Connection.KEPT,
            timeout_s=TIMEOUT_S,
            local_port=next(_PORTS) if is_udp else None,
        )
        host: Host = asker.host
        running = self._traffic.start(host, load)
        return Started(declared, asker, place, frontend, service, running, time.time_ns())

    def _asker(self, declared: Flow) -> Asker:
        of_kind = [each for each in self._around.askers if each.where is declared.place]
        number = 0 if declared.place is Where.OUTSIDE else declared.node
        if number >= len(of_kind):
            raise Inconclusive(f"a flow is to come from the {declared.place} number {number}, which is not there")
        return of_kind[number]

    def _keep(self, started: Started, part: pl.DataFrame) -> None:
        """Remember which backend a flow has."""
        if started.row is None or (started.is_tcp and started.kept is not None):
            return
        good = part.filter(pl.col("outcome") == str(Seen.OK))["backend"].drop_nulls()
        known = self._names.get(good[-1], ()) if len(good) else ()
        started.kept = next((each for each in started.row.outcome.answers if each.backend.address in known), None)
        started.is_over = started.is_tcp and started.kept is None


_SILENT = "the flow fell silent: is its client's host overloaded?"
_NOTHING = Outcome(frozenset({Reaction.UNANSWERED}), "", ())
