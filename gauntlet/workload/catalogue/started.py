"""A flow of a declared case that is under way."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gauntlet.ground.frames import pl
from gauntlet.ground.history import Protocol
from gauntlet.semantics.asked import Effort, Row
from gauntlet.semantics.frontends import Frontend
from gauntlet.semantics.objects import Service
from gauntlet.semantics.outcomes import Answer, Outcome
from gauntlet.semantics.places import Place
from gauntlet.traffic import Flow as Running
from gauntlet.traffic.table import ANSWERS, ROW
from gauntlet.workload.catalogue.found import Found
from gauntlet.workload.catalogue.going_on import of_connection, of_datagrams, serves
from gauntlet.workload.catalogue.questions import Asking, decided_by, key, outcome, own_frontends
from gauntlet.workload.catalogue.step import Flow
from gauntlet.workload.catalogue.surroundings import Asker, Surroundings


@dataclass
class Started:
    """A flow under way. `since_ns` is the begin of what is judged next; `kept` the backend of a TCP connection.

    `marked_ns` is when the last step was in effect. `is_hopeless` is set once it did not see what the model says by the
    end of a wait: nobody waits for it again.
    """

    declared: Flow
    asker: Asker
    place: Place
    frontend: Frontend
    service: Service
    running: Running
    since_ns: int
    marked_ns: int = 0
    row: Row | None = None
    kept: Answer | None = None
    is_over: bool = False
    is_hopeless: bool = False

    @property
    def is_tcp(self) -> bool:
        return self.declared.protocol is Protocol.TCP

    def said(self, service: Service | None, found: Found, around: Surroundings) -> Outcome | None:
        """What it must see, if its Service is this now (None: gone); None if nothing is said of it any more."""
        there = service or replace(self.service, ports=())
        at = key(self.frontend)
        now = next((each for each in own_frontends(there, around) if key(each) == at), self.frontend)
        asking = Asking(self.asker, self.place, now)
        new = outcome(there, found.slices, asking, around)
        stays = self.kept is not None and serves(self.kept, service, found.slices)
        if self.is_tcp:
            return of_connection(self.kept, new, decided_by(asking, around), serves=stays)
        return of_datagrams(self.kept, new, serves=stays)

    def asked(self, number: int, said: Outcome) -> Row:
        """The row with this number that it is in the history of its case, as the model says of it now."""
        return Row(
            number,
            self.asker.host.name,
            self.place,
            self.service.name,
            self.frontend,
            said,
            Effort.ANSWERS,
            flow=f"{self.declared.protocol.upper()} flow",
            local_port=self.running.load.local_port,
        )

    def mark(self, now_ns: int) -> None:
        """The step is in effect. What is judged of UDP begins now; of TCP all counts since the last step was judged."""
        self.marked_ns = now_ns
        if not self.is_tcp:
            self.since_ns = now_ns

    def attempts_of_the_step(self) -> int:
        """How many were begun since the mark, as far as they are over."""
        return self.running.so_far().filter(pl.col("at_ns") >= self.marked_ns).height

    def seen(self) -> pl.DataFrame:
        """What was asked since `since_ns`, as attempts at the row."""
        frame = self.running.so_far().filter(pl.col("at_ns") >= self.since_ns)
        number = -1 if self.row is None else self.row.number
        return frame.with_columns(pl.lit(number, dtype=pl.Int64()).alias(ROW)).select(list(ANSWERS))
