"""A fault on one node beside what a case does itself, without an experiment."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from gauntlet.faults.fault import Fault
from gauntlet.faults.registry import create
from gauntlet.ground.cluster import Cluster, Node
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import EventLog


class Hurting:
    """One fault at a time. Whoever makes this heals what is left of it (gauntlet/faults/heal.py)."""

    def __init__(self, cluster: Cluster, node: Node, events: EventLog) -> None:
        self._cluster = cluster
        self._node = node
        self._events = events
        self._fault: Fault | None = None
        self._pool = ThreadPoolExecutor(1)
        self._over: Future[None] | None = None

    def begin(self, name: str) -> None:
        """Inject the fault of this name."""
        self._fault = create(name, self._cluster, node=self._node.name, events=self._events)
        self._fault.inject()

    def end(self, hold_s: float = 0.0) -> None:
        """See that it has landed, and that it holds `hold_s` seconds later; undo it, and return when nothing is left.

        Raises NotLanded, NotHeld or HealFailed.
        """
        if self._fault is None:
            raise UsageError("no fault was injected", "begin one first")
        self._fault.landed()
        time.sleep(hold_s)
        self._fault.held()
        self._fault.heal()
        self._fault.healed()

    def for_a_while(self, name: str, hold_s: float) -> None:
        """Inject it. Once it has landed it is held for `hold_s` seconds and ended, while the case goes on."""
        self.begin(name)
        self._over = self._pool.submit(self.end, hold_s)

    def wait_over(self) -> None:
        """Return when what was begun `for_a_while` has ended. Raises as `end` does."""
        if self._over is None:
            raise UsageError("no fault was injected for a while", "begin one first")
        self._over.result()

    def close(self) -> None:
        """Let what was begun `for_a_while` come to its end, however that is."""
        self._pool.shutdown()
