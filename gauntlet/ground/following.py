"""Following: when the clients of a node were first served as a change of endpoints demands. Read from the history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind

# One answer alone may be chance.
IN_A_ROW = 3
_NANO = 1_000_000_000
_ALONE = re.compile(r"now (\S+) alone")


@dataclass(frozen=True)
class Followed:
    """When a node was seen to obey a change, in seconds from the change on: after `earliest_s`, by `latest_s`."""

    earliest_s: float
    latest_s: float

    @property
    def latency_s(self) -> float:
        """The middle between the earliest and the latest that it can have been."""
        return (self.earliest_s + self.latest_s) / 2

    @property
    def resolution_s(self) -> float:
        """How far the true latency can be from `latency_s`, to either side."""
        return (self.latest_s - self.earliest_s) / 2


@dataclass(frozen=True)
class Swap:
    """That a Service got another single endpoint: the backend, when it was asked for, and when the next one was."""

    to: str
    at_ns: int
    until_ns: int


def swapped(service: str, backend: str, at_ns: int) -> Event:
    """The event that says so. `service` is its namespace/name."""
    return Event(EventKind.ENDPOINT_CHANGED, service, detail=f"now {backend} alone", at_ns=at_ns)


def swaps(events: pl.DataFrame, service: str) -> Iterator[Swap]:
    """Those of a Service, in their order."""
    mine = events.filter((pl.col("kind") == str(EventKind.ENDPOINT_CHANGED)) & (pl.col("subject") == service))
    times = [*mine["at_ns"].to_list(), 2**63 - 1]
    for detail, at_ns, until_ns in zip(mine["detail"], times[:-1], times[1:], strict=True):
        if found := _ALONE.fullmatch(detail):
            yield Swap(found[1], at_ns, until_ns)


def followed(attempts: pl.DataFrame, backend: str, changed_ns: int, until_ns: int) -> Followed | None:
    """When the client of these attempts was first answered by `backend` alone, after a change that was asked for then.

    None if it was not before `until_ns`, when the next change was asked for. The true moment lies between the begin of
    the first of IN_A_ROW attempts that were answered so, with no other answer after it, and that of the one before it.
    """
    after = attempts.filter((pl.col("at_ns") >= changed_ns) & (pl.col("at_ns") < until_ns)).sort("at_ns")
    begins = [changed_ns, *after["at_ns"]]
    ok = (after["outcome"] == "ok").to_list()
    mine = [answer == backend for answer in after["backend"]]
    stale = max((number for number, answered in enumerate(ok) if answered and not mine[number]), default=-1)
    for number in range(stale + 1, len(ok) - IN_A_ROW + 1):
        if all(ok[number : number + IN_A_ROW]):
            return Followed((begins[number] - changed_ns) / _NANO, (begins[number + 1] - changed_ns) / _NANO)
    return None
