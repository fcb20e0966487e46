"""The Locust users of a table: each takes the next attempt of it, of whichever row. Inside the agent only."""

from __future__ import annotations

from collections.abc import Iterator

from locust import User, task
from locust.env import Environment

from gauntlet.traffic.associations import NewAssociation
from gauntlet.traffic.job import Asked, TableJob
from gauntlet.traffic.job_environment import JobEnvironment
from gauntlet.traffic.users import NewTcp, NewUdp, Probe


def turns(rows: tuple[Asked, ...]) -> Iterator[int]:
    """The rows by their positions, in the order of their attempts: the first of each row, the second of each, …"""
    left = {position: row.attempts for position, row in enumerate(rows) if row.attempts}
    while left:
        yield from left
        left = {position: attempts - 1 for position, attempts in left.items() if attempts > 1}


class TableEnvironment(JobEnvironment):
    """The Locust environment of a table: what is to be asked next, and the rows of the agent."""

    def __init__(self, table: TableJob) -> None:
        self.jobs = [table.job(row) for row in table.rows]
        self.turns = turns(table.rows)
        super().__init__(self.jobs[0], TableUser)


class TableUser(User):
    """Makes one attempt for each turn that it takes."""

    environment: TableEnvironment

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.due_ns = 0
        self.probes: dict[str, Probe] = {
            "tcp": NewTcp(self.environment),
            "udp": NewUdp(self.environment),
            "sctp": NewAssociation(self.environment),
        }

    def on_start(self) -> None:
        self.wait()  # type: ignore[no-untyped-call]

    def wait_time(self) -> float:
        """Called by Locust after each task. Raises StopUser when all is asked."""
        delay_s, self.due_ns = self.environment.claim()
        return delay_s

    @task
    def attempt(self) -> None:
        position = next(self.environment.turns)
        job = self.environment.jobs[position]
        probe = self.probes[job.protocol]
        probe.aim(job)
        probe.row, probe.due_ns = f"{position}\t", self.due_ns
        probe.attempt()
