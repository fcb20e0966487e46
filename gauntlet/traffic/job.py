"""What driver and agent say to each other. Nothing that Locust patches is imported here.

Driver to agent, one JSON line each: `Start`, `StartTable`, `Stop`. Agent to driver, one JSON line each: `Ready`,
`Started`, `Rows` (followed by as many raw bytes as it names) and `Ended`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TypeAlias

from gauntlet.traffic.exchange import Exchange


@dataclass(frozen=True)
class Job:
    """One load for the agent of one client.

    `questions` are asked one after another on the same connection; each is a path of agnhost's HTTP server
    and a word of its UDP server (`hostname`, `clientip`). A DNS server is asked for `name` instead, unless that is
    empty, and has to answer with the address `resolves_to`. An `exchange` other than QUESTIONS asks none of them, and
    sends `payload_bytes`. `users` attempts are in flight at most. When `gives_up_after` attempts have failed and
    none has succeeded, no more begin.
    """

    number: int
    address: str
    port: int
    protocol: str
    connection: str
    questions: tuple[str, ...]
    users: int
    timeout_s: float
    rate_per_s: float | None
    attempts: int | None
    local_port: int | None
    name: str = ""
    resolves_to: str = ""
    exchange: str = Exchange.QUESTIONS
    payload_bytes: int = 0
    gives_up_after: int | None = None


@dataclass(frozen=True)
class Asked:
    """A row of a table: `attempts` new connections to one address."""

    address: str
    port: int
    protocol: str
    attempts: int


@dataclass(frozen=True)
class TableJob:
    """Many addresses to be asked by one client, each a few times, in turn; `users` attempts are in flight at most.

    Rows of the agent begin with the position in `rows` of what they asked.
    """

    number: int
    rows: tuple[Asked, ...]
    questions: tuple[str, ...]
    users: int
    timeout_s: float
    rate_per_s: float | None

    @property
    def attempts(self) -> int:
        return sum(each.attempts for each in self.rows)

    def job(self, row: Asked) -> Job:
        """One row as a load of its own."""
        return Job(
            number=self.number,
            address=row.address,
            port=row.port,
            protocol=row.protocol,
            connection="new",
            questions=self.questions,
            users=self.users,
            timeout_s=self.timeout_s,
            rate_per_s=self.rate_per_s,
            attempts=self.attempts,
            local_port=None,
        )


def longest_s(job: Job | TableJob, attempts: int) -> float:
    """How long so many attempts of a job take if every one hangs."""
    paced_s = attempts / job.rate_per_s if job.rate_per_s else 0.0
    return paced_s + job.timeout_s * (attempts / job.users + 1)


@dataclass(frozen=True)
class Start:
    job: Job


@dataclass(frozen=True)
class StartTable:
    job: TableJob


@dataclass(frozen=True)
class Stop:
    number: int


@dataclass(frozen=True)
class Ready:
    pid: int


@dataclass(frozen=True)
class Started:
    number: int


@dataclass(frozen=True)
class Rows:
    """`size` bytes of rows of one job follow this line."""

    number: int
    size: int


@dataclass(frozen=True)
class Ended:
    """A job is over and all of its rows were sent.

    `made` attempts were made, each with a row. `slipped` starts came late because every user was still in an attempt.
    It `gave_up` if it ended for want of a success.
    """

    number: int
    made: int
    slipped: int
    gave_up: bool = False


Message: TypeAlias = Start | StartTable | Stop | Ready | Started | Rows | Ended
_KINDS: dict[str, type[Stop | Ready | Started | Rows | Ended]] = {
    kind.__name__: kind for kind in (Stop, Ready, Started, Rows, Ended)
}


def encode(message: Message) -> bytes:
    """One line that `decode` understands."""
    return (json.dumps({"kind": type(message).__name__, **asdict(message)}) + "\n").encode()


def decode(line: bytes) -> Message:
    """The message on this line. Raises ValueError if there is none."""
    fields = json.loads(line)
    kind = fields.pop("kind", None)
    if kind == Start.__name__:
        job = fields["job"]
        return Start(Job(**{**job, "questions": tuple(job["questions"])}))
    if kind == StartTable.__name__:
        job = fields["job"]
        rows = tuple(Asked(**each) for each in job["rows"])
        return StartTable(TableJob(**{**job, "rows": rows, "questions": tuple(job["questions"])}))
    if kind not in _KINDS:
        raise ValueError(f"unknown message {line!r}")
    return _KINDS[kind](**fields)
