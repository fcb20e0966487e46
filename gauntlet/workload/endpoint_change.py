"""Changes of a Service's only endpoint, while a client on each node asks it: only a kube-proxy that works follows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from gauntlet.ground import history
from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.following import Followed, followed, swapped
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventLog
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.traffic import Ask, Flow, Load, Traffic
from gauntlet.workload.backend import Backend
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.effect import DEADLINE_S
from gauntlet.workload.endpoints import Slice, slices_of
from gauntlet.workload.served import RunningBackend, Served
from gauntlet.workload.service import Service

CHANGING = "changing"
# Each client's while endpoints change: a latency is known to a hundredth of a second.
RATE_PER_S = 50.0
# From one change's effect to the next change. kube-proxy syncs at most once a second (minSyncPeriod; in ipvs mode as
# often as something changes): a change that came sooner would wait for that, and not for the kube-proxy.
REST_S = 1.3
# How kube-proxy learns when a change was asked for, to count how long it took (kubeproxy_network_programming_duration).
LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time"
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Pace:
    """How many changes are made at most, for how long changes are begun, and how long all nodes have for each."""

    changes: int
    deadline_s: float = DEADLINE_S
    begun_within_s: float = float("inf")


# An even number, so that each phase of an upgrade ends with the rules that it began with. With eight in two phases
# each, one that is late by chance does not widen the interval of their difference.
OF_A_PHASE = Pace(changes=8)


@dataclass(frozen=True)
class Change:
    """One change: the backend that it led to, when it was asked for, and when each node followed, by its name.

    `missing` are the nodes that had not by the deadline.
    """

    to: str
    at_ns: int
    nodes: Mapping[str, Followed] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What came of several changes. `trouble` is what kept them from being made; `attempts` are those of all nodes."""

    made: tuple[Change, ...]
    trouble: GauntletError | None = None
    attempts: pl.DataFrame = field(default_factory=lambda: history.attempts([]))


class EndpointChange:
    """A Service with a single endpoint, which is another one for a moment and then the first again.

    `askers` are a client on each node. Nobody else asks this Service.
    """

    def __init__(
        self,
        workload: CaseWorkload,
        events: EventLog,
        traffic: Traffic,
        askers: Sequence[Host],
        pair: tuple[RunningBackend, RunningBackend],
        name: str = CHANGING,
    ) -> None:
        """Make the Service of this name. Its endpoints are this pair's."""
        self._workload = workload
        self._events = events
        self._traffic = traffic
        self._askers = askers
        self._pair = pair
        self.served: Served = workload.serve_endpoints(Service(name, app=None), [pair[0].endpoint()])

    @classmethod
    def of_its_own(cls, workload: CaseWorkload, events: EventLog, traffic: Traffic, askers: Sequence[Host]) -> Self:
        """One between two backends that it makes."""
        first, second = (Backend(f"{CHANGING}-{number}", workload.nodes[-1], app=CHANGING) for number in (1, 2))
        backends = workload.run(first, second)
        return cls(workload, events, traffic, askers, (backends[first.name], backends[second.name]))

    @property
    def backends(self) -> frozenset[str]:
        """The names of the pair."""
        return frozenset(each.name for each in self._pair)

    def make(self, pace: Pace = OF_A_PHASE) -> Changes:
        """Change the endpoint there and back, several times, and say when each node followed.

        The next change is made when all have followed, and has its own second of kube-proxy. One that some node does
        not follow in time is the last.
        """
        load = Load(self.served.cluster_ip(), rate_per_s=RATE_PER_S, ask=Ask.HOSTNAME)
        made: list[Change] = []
        try:
            with ExitStack() as stack:
                flows = {asker.name: stack.enter_context(self._traffic.start(asker, load)) for asker in self._askers}
                self._settle(flows, pace.deadline_s)
                ends = time.monotonic() + pace.begun_within_s
                while len(made) < pace.changes and time.monotonic() < ends:
                    made.append(self._change(self._pair[(len(made) + 1) % 2], flows, pace.deadline_s))
                    if made[-1].missing:
                        # For those that do follow.
                        self._replace(self._pair[0], time.time_ns())
                    time.sleep(REST_S)
                    if made[-1].missing:
                        break
                seen = {name: flow.stop() for name, flow in flows.items()}
        except GauntletError as error:
            return Changes(tuple(made), error)
        return Changes(final(made, seen), attempts=pl.concat(seen.values()))

    def _settle(self, flows: Mapping[str, Flow], deadline_s: float) -> None:
        """Wait until all nodes have the first endpoint. If some have not by then, the first change will show it."""
        # A slow kube-proxy may be at it for longer than the workload waits for a new Service.
        with suppress(NotInTime):
            until(
                lambda: all(flow.count() and self._follows(flow, self._pair[0], 0) for flow in flows.values()),
                what="all nodes have the first endpoint",
                deadline_s=deadline_s,
                every_s=_LOOK_EVERY_S,
            )

    def _follows(self, flow: Flow, backend: RunningBackend, since_ns: int) -> bool:
        return followed(flow.so_far(), backend.name, since_ns, time.time_ns()) is not None

    def _change(self, backend: RunningBackend, flows: Mapping[str, Flow], deadline_s: float) -> Change:
        """Returns when all nodes follow, or the deadline for that is over."""
        at_ns = time.time_ns()
        self._events.write(swapped(self.served.name, backend.name, at_ns))
        self._replace(backend, at_ns)
        waiting = set(flows)

        def all_follow() -> bool:
            nonlocal waiting
            waiting = {name for name in waiting if not self._follows(flows[name], backend, at_ns)}
            return not waiting

        try:
            until(all_follow, what="all nodes follow", deadline_s=deadline_s, every_s=_LOOK_EVERY_S)
        except NotInTime:
            return Change(backend.name, at_ns, missing=tuple(sorted(waiting)))
        return Change(backend.name, at_ns)

    def _replace(self, backend: RunningBackend, at_ns: int) -> None:
        declared = slices_of(self.served.declared, [backend.endpoint()])
        self._workload.replace_endpoints(self.served, [_stamped(each, at_ns) for each in declared])


def _stamped(declared: Slice, at_ns: int) -> Slice:
    """The slice as the controllers write it after a change at that time (RFC 3339)."""
    at = f"{datetime.fromtimestamp(at_ns // 10**9, UTC):%Y-%m-%dT%H:%M:%S}.{at_ns % 10**9:09d}Z"
    return replace(declared, annotations={LAST_CHANGE: at})


def final(made: Sequence[Change], seen: Mapping[str, pl.DataFrame]) -> tuple[Change, ...]:
    """These changes, with when each node followed by all of its attempts: each lasts until the next was asked for."""
    ends = [each.at_ns for each in made[1:]] + [2**63 - 1]
    return tuple(_timed(change, until_ns, seen) for change, until_ns in zip(made, ends, strict=True))


def _timed(change: Change, until_ns: int, seen: Mapping[str, pl.DataFrame]) -> Change:
    when = {name: followed(rows, change.to, change.at_ns, until_ns) for name, rows in seen.items()}
    nodes = {name: each for name, each in when.items() if each is not None}
    missing = tuple(sorted({*change.missing, *(name for name in seen if name not in nodes)}))
    return Change(change.to, change.at_ns, nodes, missing)
