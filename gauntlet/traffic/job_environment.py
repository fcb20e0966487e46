"""The Locust environment of one job. Inside the agent only."""

from __future__ import annotations

import time

from locust import User
from locust.env import Environment
from locust.exception import StopUser
from locust.stats import RequestStats

from gauntlet.traffic.job import Job
from gauntlet.traffic.schedule import Schedule


class NoStats(RequestStats):
    """Instead of Locust's own statistics, which nobody reads: the rows are the record."""

    def log_request(self, method: str, name: str, response_time: int, content_length: int) -> None:
        """Called by Locust's runner for each `request` event."""

    def log_error(self, method: str, name: str, error: Exception | str | None) -> None:
        """Called by Locust's runner for each `request` event with an error."""


class JobEnvironment(Environment):
    """The Locust environment of one job: Locust's own, with the job, its schedule and its rows."""

    def __init__(self, job: Job, user_class: type[User]) -> None:
        # Users in an attempt may finish it when the job is stopped: attempts that hang get their row.
        super().__init__(user_classes=[user_class], stop_timeout=job.timeout_s + 5.0, catch_exceptions=False)
        self.stats = NoStats()
        self.job = job
        self.schedule = Schedule(job.rate_per_s, job.attempts, time.monotonic())
        self.rows: list[str] = []
        self.made = 0
        self.succeeded = False

    def count(self, *, succeeded: bool) -> None:
        """An attempt was made."""
        self.made += 1
        self.succeeded |= succeeded

    @property
    def gave_up(self) -> bool:
        """Whether so many attempts have failed that no more are made."""
        limit = self.job.gives_up_after
        return limit is not None and self.made >= limit and not self.succeeded

    def claim(self) -> tuple[float, int]:
        """The next slot: seconds until its attempt is due, and that moment in ns of the monotonic clock.

        Raises StopUser if the schedule is used up, or the job gave up.
        """
        if self.gave_up:
            raise StopUser
        now_s = time.monotonic()
        delay_s = self.schedule.claim(now_s)
        if delay_s is None:
            raise StopUser
        return delay_s, int((now_s + delay_s) * 1e9)
