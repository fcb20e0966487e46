"""The traffic of one experiment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

from gauntlet.checkers.windows import WINDOWS
from gauntlet.ground.cluster import Host
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow
from gauntlet.traffic import Flow, Load, Target, Traffic


@dataclass
class Flows:
    """The flows of one experiment; more may join while it runs.

    `declared` are all that are to attempt, whether or not they ever start, with the windows in which they are to.
    """

    traffic: Traffic
    rate_per_s: float
    stack: ExitStack
    declared: dict[DeclaredFlow, tuple[str, ...]]
    all: list[Flow] = field(default_factory=list)

    def declare(self, client: Host, target: Target, windows: tuple[str, ...] = WINDOWS) -> None:
        self.declared[self._load(target).declared(client)] = windows

    def start(self, client: Host, target: Target) -> None:
        self.all.append(self.stack.enter_context(self.traffic.start(client, self._load(target))))

    def _load(self, target: Target) -> Load:
        return Load(target, rate_per_s=self.rate_per_s)

    def stop(self, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
        return pl.concat([flow.stop(backend_nodes) for flow in self.all]).sort("at_ns", maintain_order=True)


Join = Callable[[Flows, threading.Event], None]
