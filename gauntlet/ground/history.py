"""The history: one row for each attempt, one for each event. All verdicts are computed from it.

Times are nanoseconds of the wall clock (`time.time_ns()`); every writer of one history runs on
kernels whose clocks agree (the same machine).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gauntlet.ground.disk import LineFile
from gauntlet.ground.frames import pl


class Outcome(StrEnum):
    OK = "ok"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    WRONG_BACKEND = "wrong_backend"
    BAD_REPLY = "bad_reply"
    DNS_ERROR = "dns_error"


class Frontend(StrEnum):
    CLUSTER_IP = "cluster_ip"
    NODE_PORT = "node_port"
    LOAD_BALANCER = "load_balancer"
    EXTERNAL_IP = "external_ip"
    HEADLESS = "headless"
    DNS = "dns"


class Protocol(StrEnum):
    TCP = "tcp"
    UDP = "udp"
    SCTP = "sctp"


class Connection(StrEnum):
    NEW = "new"
    KEPT = "kept"


class EventKind(StrEnum):
    FAULT_INTENDED = "fault_intended"
    FAULT_INJECTED = "fault_injected"
    FAULT_LANDED = "fault_landed"
    FAULT_HELD = "fault_held"
    FAULT_OVER = "fault_over"
    FAULT_HEALED = "fault_healed"
    FAULT_HEAL_CONFIRMED = "fault_heal_confirmed"
    REMEDY_APPLIED = "remedy_applied"
    ENDPOINT_CHANGED = "endpoint_changed"
    NOT_IN_EFFECT = "not_in_effect"
    NOT_ASKED = "not_asked"
    PROXY_RESTARTED = "proxy_restarted"
    PROXY_AT_REST = "proxy_at_rest"
    PROXY_STOPPED = "proxy_stopped"
    PROXY_REPLACED = "proxy_replaced"
    API_AWAY = "api_away"
    API_BACK = "api_back"
    PHASE_STARTED = "phase_started"
    PHASE_ENDED = "phase_ended"
    NODE_CAME = "node_came"
    NODE_GONE = "node_gone"
    NODE_READY = "node_ready"
    NODE_NOT_READY = "node_not_ready"
    NODE_CORDONED = "node_cordoned"
    NODE_UNCORDONED = "node_uncordoned"
    CLIENT_CAME = "client_came"
    CLIENT_LEFT = "client_left"
    COMMAND_STARTED = "command_started"
    COMMAND_ENDED = "command_ended"
    WINDOW_STARTED = "window_started"
    WINDOW_ENDED = "window_ended"


ATTEMPTS: Mapping[str, pl.DataType] = {
    "at_ns": pl.Int64(),  # when the attempt began
    "latency_ns": pl.Int64(),  # from its beginning to its outcome
    "client": pl.String(),  # name of the client host
    "client_node": pl.String(),  # node the client is on; null for an outside host
    "service": pl.String(),  # namespace/name
    "frontend": pl.String(),
    "address": pl.String(),
    "port": pl.Int32(),
    "protocol": pl.String(),
    "connection": pl.String(),
    "outcome": pl.String(),
    "backend": pl.String(),  # host name the backend gave; null where none answered
    "backend_node": pl.String(),
    "seen_source_ip": pl.String(),  # client address as the backend saw it; null unless asked for
    "error": pl.String(),  # the operating system's words; null where the attempt was ok
    "late_ns": pl.Int64(),  # how much later than it was due the client began it; null where that was not measured
}

EVENTS: Mapping[str, pl.DataType] = {
    "at_ns": pl.Int64(),
    "kind": pl.String(),
    "subject": pl.String(),  # fault id, node, service or window name
    "node": pl.String(),  # null where it concerns no node
    "detail": pl.String(),  # one line of evidence
}


@dataclass(frozen=True)
class Event:
    """One thing that was done to, or seen of, the cluster."""

    kind: EventKind
    subject: str
    node: str | None = None
    detail: str = ""
    at_ns: int = 0

    def row(self) -> dict[str, str | int | None]:
        return {
            "at_ns": self.at_ns,
            "kind": str(self.kind),
            "subject": self.subject,
            "node": self.node,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class DeclaredFlow:
    """What one client is to send to one frontend of a Service. The fields are columns of ATTEMPTS.

    It is known before there is any attempt, so that a history can be asked whether the flow attempted at all.
    """

    client: str
    client_node: str | None
    service: str
    frontend: str
    address: str
    port: int
    protocol: str
    connection: str


class EventLog:
    """Appends events to a JSON-lines file, each handed over to the kernel whole before `write` returns.

    So the death of a process loses none of them; a power failure may lose the last ones, with the run they are of.
    Several processes may append to one file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = LineFile(path)
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, event: Event) -> Event:
        """Stamp the event with the present time (unless it has one) and append it.

        Raises OSError if not all of it could be written.
        """
        stamped = event if event.at_ns else Event(event.kind, event.subject, event.node, event.detail, time.time_ns())
        self._file.append(json.dumps(stamped.row(), ensure_ascii=False) + "\n")
        return stamped

    def read(self) -> pl.DataFrame:
        """All events so far, oldest first; an empty frame where nothing was written."""
        return events(json.loads(line) for line in self._file.lines())


def events(rows: Iterable[Mapping[str, str | int | None]]) -> pl.DataFrame:
    """A frame of the EVENTS schema, sorted by time."""
    return pl.DataFrame(list(rows), schema=dict(EVENTS), orient="row").sort("at_ns", maintain_order=True)


def attempts(rows: Iterable[Mapping[str, str | int | None]]) -> pl.DataFrame:
    """A frame of the ATTEMPTS schema, sorted by time. Missing columns are null."""
    return pl.DataFrame(list(rows), schema=dict(ATTEMPTS), orient="row").sort("at_ns", maintain_order=True)


def stored_attempts(path: Path) -> pl.DataFrame:
    """A frame of the ATTEMPTS schema from a Parquet file. Earlier runs did not measure `late_ns`."""
    found = pl.read_parquet(path, glob=False)
    measured = found if "late_ns" in found.columns else found.with_columns(late_ns=pl.lit(None, pl.Int64()))
    return measured.select(ATTEMPTS.keys())


@dataclass(frozen=True)
class History:
    """Attempts and events of one case, each sorted by `at_ns`."""

    attempts: pl.DataFrame
    events: pl.DataFrame

    def save(self, folder: Path) -> None:
        """Write `attempts.parquet` and `events.parquet` into `folder`, which is made if missing.

        Whoever reads there meanwhile, as the audit of another worker does, finds whole files.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in (("attempts.parquet", self.attempts), ("events.parquet", self.events)):
            new = folder / f".{name}"
            frame.write_parquet(new)
            new.replace(folder / name)

    @classmethod
    def load(cls, folder: Path) -> History:
        """Read what `save` wrote. Raises FileNotFoundError if it is not there."""
        # A case's folder may have brackets in its name, which are no pattern.
        events = pl.read_parquet(folder / "events.parquet", glob=False)
        return cls(stored_attempts(folder / "attempts.parquet"), events)

    def between(self, start_ns: int, end_ns: int) -> History:
        """Attempts that began, and events that happened, in [start_ns, end_ns)."""
        inside = (pl.col("at_ns") >= start_ns) & (pl.col("at_ns") < end_ns)
        return History(self.attempts.filter(inside), self.events.filter(inside))

    def at(self, kind: EventKind) -> int:
        """Time of the first event of this kind. Raises LookupError if there is none."""
        found = self.events.filter(pl.col("kind") == str(kind))["at_ns"]
        if found.is_empty():
            raise LookupError(f"the history holds no {kind} event")
        return int(found[0])
