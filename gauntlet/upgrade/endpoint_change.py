"""A change of endpoints while a phase holds the cluster: only a kube-proxy that works brings it into effect."""

from __future__ import annotations

import time
from dataclasses import dataclass

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.workload.backend import Backend
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.effect import DEADLINE_S, Condition, Question, answered
from gauntlet.workload.served import RunningBackend, Served
from gauntlet.workload.service import Service

CHECK = "endpoint-change"
CHANGING = "changing"
# Every attempt has to be answered by the one endpoint that there is.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Change:
    """What came of one change: the backend that it led to, and what had not followed after so many seconds."""

    to: str
    seconds: float
    missing: tuple[str, ...] = ()


class EndpointChange:
    """A Service with a single endpoint, which is another one for a moment and then the first again.

    So each phase ends with the rules that it began with. The traffic that is judged does not ask this Service.
    """

    def __init__(self, workload: CaseWorkload, events: EventLog) -> None:
        first, second = (Backend(f"{CHANGING}-{number}", workload.nodes[-1], app=CHANGING) for number in (1, 2))
        backends = workload.run(first, second)
        self._workload = workload
        self._events = events
        self._first, self._second = (backends[each.name] for each in (first, second))
        self._served: Served = workload.serve_endpoints(Service(CHANGING, app=None), [self._first.endpoint()])

    def make(self) -> Finding:
        """Change the endpoint there and back, and say whether all nodes followed in time."""
        try:
            return effect_of([self._change(self._second), self._change(self._first)])
        except GauntletError as error:
            return Finding(CHECK, Verdict.INCONCLUSIVE, error.what, remedy=error.remedy)

    def _change(self, backend: RunningBackend) -> Change:
        effect = self._workload.effect
        began = time.monotonic()
        self._workload.replace_endpoints(self._served, [backend.endpoint()])
        self._events.write(Event(EventKind.ENDPOINT_CHANGED, self._served.name, detail=f"now {backend.name} alone"))
        obeyed = effect.obeyed([Question(self._served.cluster_ip(), _ATTEMPTS, answered_only_by(backend.name))])
        return Change(backend.name, time.monotonic() - began, () if obeyed else effect.missing)


def answered_only_by(backend: str) -> Condition:
    """Every attempt was answered by this backend."""

    def condition(seen: pl.DataFrame) -> bool:
        return not seen.is_empty() and answered(seen) and bool((seen["backend"] == backend).all())

    return condition


def effect_of(changes: list[Change]) -> Finding:
    """Every change was obeyed by every node. The figure is how long the slowest one took, in seconds."""
    slowest = max(each.seconds for each in changes)
    late = [f"{each.to}: {what}" for each in changes for what in each.missing]
    if late:
        reason = f"a Service was given another endpoint, and not all nodes followed in {DEADLINE_S:g} s: {late[0]}"
        return Finding(CHECK, Verdict.FAIL, reason, slowest, "s", DEADLINE_S, details=tuple(late))
    reason = (
        f"{len(changes)} changes of a Service's endpoint were in effect on all nodes, the slower in {slowest:.3f} s"
    )
    return Finding(CHECK, Verdict.PASS, reason, slowest, "s", DEADLINE_S)
