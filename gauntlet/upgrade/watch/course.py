"""The course of a watch: what is watched, its two phases, and what came of it beside traffic and events."""

from __future__ import annotations

from dataclasses import dataclass, field

from gauntlet.ground.finding import Finding
from gauntlet.ground.history import History
from gauntlet.upgrade.phases import Leg, Phase, Task
from gauntlet.upgrade.roll_cost import Setting
from gauntlet.upgrade.watch.stream import Parting
from gauntlet.upgrade.watch.versions import Versions

# As those of an upgrade: the control before, and the change.
BEFORE = Phase("before", Task.HOLD, Leg.START, {})
CHANGE = Phase("change", Task.ROLL, Leg.THERE, {})
LEGS = (BEFORE, CHANGE)


@dataclass(frozen=True)
class Order:
    """What is to be watched: a command, or nothing but time. Seconds, None for no limit.

    `timeout_s` is how long the command may take, `for_s` how long to watch without one, `rest_s` how long the cluster
    may take to come to rest after a command.
    """

    argv: tuple[str, ...] = ()
    timeout_s: float | None = None
    for_s: float | None = None
    rest_s: float = 600.0


@dataclass
class Passed:
    """What came of a watch, beside its traffic and its events.

    `code` is the exit code of the command, None without one, or if it could not be ended. `findings` are those about
    it, the cluster and its kube-proxies, by phase; `began` and `ended` the versions of kube-proxy; `partings` the
    clients that left.
    """

    code: int | None = None
    interrupted: bool = False
    began: Versions = field(default_factory=dict)
    ended: Versions = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=lambda: {BEFORE.name: [], CHANGE.name: []})
    partings: tuple[Parting, ...] = ()


@dataclass(frozen=True)
class Watch:
    """All that was seen."""

    history: History
    setting: Setting
    passed: Passed
