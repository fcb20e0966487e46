"""What results.json records of a watch, beside its record as an upgrade whose change somebody else makes."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from gauntlet.report.subject_record import Record


class LossRecord(Record):
    """One outage of one flow. `node` is the client's, or that whose address was asked from outside; else `outside`.

    `seconds` is its length, give or take `resolution_s`; `attempts` are those that failed. `beside` is what happened at
    the node at that time.
    """

    node: str = Field(min_length=1)
    client: str = Field(min_length=1)
    what: str
    seconds: float
    resolution_s: float
    attempts: int = Field(ge=1)
    over: bool
    beside: str


class SeenRecord(Record):
    """One thing that happened to the cluster or to the watch."""

    at: AwareDatetime
    kind: str
    about: str
    node: str | None
    detail: str


class WatchRecord(Record):
    """What was watched. `command` is empty if it was nothing but time; `exit_code` is the command's, null without one,
    or if it could not be ended.

    `interrupted` says that Ctrl-C ended what was watched. The versions of kube-proxy are by node; `losses` are the
    longest first.
    """

    command: tuple[str, ...] = ()
    exit_code: int | None = None
    interrupted: bool = False
    versions_before: dict[str, str] = Field(default_factory=dict)
    versions_after: dict[str, str] = Field(default_factory=dict)
    losses: tuple[LossRecord, ...] = ()
    events: tuple[SeenRecord, ...] = ()
