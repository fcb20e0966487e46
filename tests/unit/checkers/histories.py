"""Made-up histories with a known truth. Times are seconds from `T0`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from gauntlet.ground import history
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow, Event, EventKind, History, Outcome

T0 = 1_800_000_000_000_000_000
BACKENDS = frozenset({"backend-1", "backend-2", "backend-3"})


def ns(at_s: float) -> int:
    return T0 + round(at_s * 1e9)


@dataclass(frozen=True)
class Row:
    """One attempt."""

    at_s: float
    outcome: str = Outcome.OK
    latency_ms: float = 2.0
    backend: str | None = "backend-1"
    client: str = "client-1"
    node: str | None = "node-1"
    address: str = "10.96.0.10"
    connection: str = "new"
    backend_node: str | None = None
    seen: str | None = None
    protocol: str = "tcp"
    service: str = "test/web"
    late_ms: float | None = None

    def row(self) -> dict[str, str | int | None]:
        ok = self.outcome in (Outcome.OK, Outcome.WRONG_BACKEND)
        return {
            "at_ns": ns(self.at_s),
            "latency_ns": round(self.latency_ms * 1e6),
            "client": self.client,
            "client_node": self.node,
            "service": self.service,
            "frontend": "cluster_ip",
            "address": self.address,
            "port": 80,
            "protocol": self.protocol,
            "connection": self.connection,
            "outcome": self.outcome,
            "backend": self.backend if ok else None,
            "backend_node": self.backend_node if ok else None,
            "seen_source_ip": self.seen,
            "error": None if ok else "made up",
            "late_ns": None if self.late_ms is None else round(self.late_ms * 1e6),
        }


def declared(row: Row) -> DeclaredFlow:
    """The flow that an attempt belongs to."""
    made = row.row()
    return DeclaredFlow(**{field.name: made[field.name] for field in fields(DeclaredFlow)})  # type: ignore[arg-type]


def frame(rows: Iterable[Row]) -> pl.DataFrame:
    return history.attempts(row.row() for row in rows)


EMPTY = frame([])


def steady(
    start_s: float,
    end_s: float,
    every_s: float = 0.01,
    *,
    client: str = "client-1",
    node: str | None = "node-1",
    bad: Sequence[tuple[float, float]] = (),
    outcome: str = Outcome.TIMEOUT,
    backends: Sequence[str] = tuple(sorted(BACKENDS)),
    homes: Sequence[str] = ("node-1", "node-2", "node-3"),
) -> list[Row]:
    """Attempts every `every_s`, backends in turn; those that begin within `bad` end badly after a second."""
    rows: list[Row] = []
    for index in range(round((end_s - start_s) / every_s)):
        at_s = start_s + index * every_s
        backend, home = backends[index % len(backends)], homes[index % len(homes)]
        if any(begin <= at_s < end for begin, end in bad):
            rows.append(Row(at_s, outcome, 1000, None, client, node))
        else:
            rows.append(Row(at_s, client=client, node=node, backend=backend, backend_node=home))
    return rows


def event(at_s: float, kind: EventKind, subject: str = "the-fault", detail: str = "seen") -> Event:
    return Event(kind, subject, "node-1", detail, ns(at_s))


def record(rows: Iterable[Row], happened: Iterable[Event]) -> History:
    return History(frame(rows), history.events(one.row() for one in happened))
