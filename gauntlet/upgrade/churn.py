"""Endpoints that change and Services that come and go while kube-proxies are replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.endpoints import Endpoint
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.service import Service

CHECK = "churn"
CHURNING, PASSING = "churning", "passing"
# More often than kube-proxy syncs: once a second at most (minSyncPeriod, which ipvs mode has not).
EVERY_S = 0.7


class Churn:
    """One Service loses endpoints and gets them back, another one is made and deleted, all the time.

    `served` is the first. What it loses serves on: whoever asks it is answered at any time, whether a node knows of the
    change or not.
    """

    def __init__(self, workload: CaseWorkload, events: EventLog, backends: Backends) -> None:
        self._workload = workload
        self._events = events
        self._endpoints: Sequence[Endpoint] = [each.endpoint() for each in backends.all]
        self.served: Served = workload.serve_endpoints(Service(CHURNING, app=None), self._endpoints)
        self._passing = Service(PASSING, app=None)
        self._is_there = False

    @contextmanager
    def going(self) -> Iterator[Stir]:
        """Changes go on in the context. When it is left in order, all is as it was before."""
        stir = Stir(cycle([self._lose, self._come, self._regain, self._go]))
        stir.start()
        try:
            yield stir
        except BaseException:
            # Not waited for: the API server may be what is away.
            stir.stop()
            raise
        stir.end()
        if stir.trouble is None:
            stir.make(self._regain)
            stir.make(self._go)

    def _lose(self) -> None:
        self._replace(self._endpoints[:1])

    def _regain(self) -> None:
        self._replace(self._endpoints)

    def _replace(self, endpoints: Sequence[Endpoint]) -> None:
        self._note(self.served.name, f"{len(endpoints)} of {len(self._endpoints)} endpoints")
        self._workload.replace_endpoints(self.served, endpoints)

    def _come(self) -> None:
        self._note(f"{self._workload.namespace}/{PASSING}", "made")
        self._is_there = True
        self._workload.make_with_endpoints(self._passing, self._endpoints)

    def _go(self) -> None:
        if self._is_there:
            self._note(f"{self._workload.namespace}/{PASSING}", "deleted")
            self._workload.delete_with_endpoints(self._passing)
            self._is_there = False

    def _note(self, service: str, detail: str) -> None:
        self._events.write(Event(EventKind.ENDPOINT_CHANGED, service, detail=detail))


class Stir:
    """Makes changes, one after the other, until it is ended. `trouble` is what one of them failed by, the last then."""

    def __init__(self, changes: Iterator[Callable[[], None]]) -> None:
        self._changes = changes
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=CHECK, daemon=True)
        self.made = 0
        self.trouble: GauntletError | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """No further change. One that is under way is not waited for."""
        self._over.set()

    def end(self) -> None:
        """No further change, and none under way."""
        self.stop()
        self._thread.join()

    def make(self, change: Callable[[], None]) -> None:
        try:
            change()
        except GauntletError as error:
            self.trouble = error
        else:
            self.made += 1

    def finding(self) -> Finding:
        """How many changes were made; inconclusive if one could not be, as fewer were made than should have been."""
        if self.trouble is not None:
            reason = f"after {self.made} changes of endpoints and Services: {self.trouble.what}"
            return Finding(CHECK, Verdict.INCONCLUSIVE, reason, remedy=self.trouble.remedy)
        reason = f"{self.made} changes of endpoints and Services meanwhile"
        return Finding(CHECK, Verdict.MEASURED, reason, float(self.made), "changes")

    def _run(self) -> None:
        while self.trouble is None and not self._over.wait(EVERY_S):
            self.make(next(self._changes))
