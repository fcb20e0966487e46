"""Changes of endpoints while a phase holds the cluster: only a kube-proxy that works brings them into effect."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.traffic import Ask, Flow, Load, Traffic
from gauntlet.upgrade.programming import Followed, Programming, followed, slowest
from gauntlet.workload.backend import Backend
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.effect import DEADLINE_S
from gauntlet.workload.served import RunningBackend, Served
from gauntlet.workload.service import Service

CHECK = "endpoint-change"
CHANGING = "changing"
# Each client's while endpoints change: a latency is known to a hundredth of a second.
RATE_PER_S = 50.0
# An even number, so that each phase ends with the rules that it began with. With eight in two phases each, one that is
# late by chance does not widen the interval of their difference.
CHANGES = 8
# From one change's effect to the next change. kube-proxy syncs at most once a second (minSyncPeriod in each mode): a
# change that came sooner would wait for that, and not for the kube-proxy.
REST_S = 1.3
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Change:
    """One change: the backend that it led to, when it was asked for, and when each node followed, by its name.

    `missing` are the nodes that had not after `DEADLINE_S`.
    """

    to: str
    at_ns: int
    nodes: Mapping[str, Followed] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What came of several changes. `trouble` is what kept them from being made."""

    made: tuple[Change, ...]
    trouble: GauntletError | None = None

    @property
    def programming(self) -> Programming:
        """How soon those that all nodes followed were in effect."""
        return slowest([each.nodes for each in self.made if not each.missing])


class EndpointChange:
    """A Service with a single endpoint, which is another one for a moment and then the first again.

    `askers` are a client on each node. The traffic that is judged does not ask this Service.
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
        self._served: Served = workload.serve_endpoints(Service(name, app=None), [pair[0].endpoint()])

    @classmethod
    def of_its_own(cls, workload: CaseWorkload, events: EventLog, traffic: Traffic, askers: Sequence[Host]) -> Self:
        """One between two backends that it makes."""
        first, second = (Backend(f"{CHANGING}-{number}", workload.nodes[-1], app=CHANGING) for number in (1, 2))
        backends = workload.run(first, second)
        return cls(workload, events, traffic, askers, (backends[first.name], backends[second.name]))

    def make(self) -> Changes:
        """Change the endpoint there and back, several times, and say when each node followed.

        The next change is made when all have followed, and has its own second of kube-proxy. One that some node does
        not follow in time is the last.
        """
        load = Load(self._served.cluster_ip(), rate_per_s=RATE_PER_S, ask=Ask.HOSTNAME)
        made: list[Change] = []
        try:
            with ExitStack() as stack:
                flows = {asker.name: stack.enter_context(self._traffic.start(asker, load)) for asker in self._askers}
                for number in range(1, CHANGES + 1):
                    made.append(self._change(self._pair[number % 2], flows))
                    if made[-1].missing:
                        # For those that do follow.
                        self._workload.replace_endpoints(self._served, [self._pair[0].endpoint()])
                    time.sleep(REST_S)
                    if made[-1].missing:
                        break
                seen = {name: flow.stop() for name, flow in flows.items()}
        except GauntletError as error:
            return Changes(tuple(made), error)
        return Changes(final(made, seen))

    def _change(self, backend: RunningBackend, flows: Mapping[str, Flow]) -> Change:
        """Returns when all nodes follow, or the deadline for that is over."""
        at_ns = time.time_ns()
        self._events.write(
            Event(EventKind.ENDPOINT_CHANGED, self._served.name, detail=f"now {backend.name} alone", at_ns=at_ns)
        )
        self._workload.replace_endpoints(self._served, [backend.endpoint()])
        waiting = set(flows)

        def all_follow() -> bool:
            nonlocal waiting
            now_ns = time.time_ns()
            waiting = {name for name in waiting if followed(flows[name].so_far(), backend.name, at_ns, now_ns) is None}
            return not waiting

        try:
            until(all_follow, what="all nodes follow", deadline_s=DEADLINE_S, every_s=_LOOK_EVERY_S)
        except NotInTime:
            return Change(backend.name, at_ns, missing=tuple(sorted(waiting)))
        return Change(backend.name, at_ns)


def final(made: Sequence[Change], seen: Mapping[str, pl.DataFrame]) -> tuple[Change, ...]:
    """These changes, with when each node followed by all of its attempts: each lasts until the next was asked for."""
    ends = [each.at_ns for each in made[1:]] + [2**63 - 1]
    return tuple(_timed(change, until_ns, seen) for change, until_ns in zip(made, ends, strict=True))


def _timed(change: Change, until_ns: int, seen: Mapping[str, pl.DataFrame]) -> Change:
    when = {name: followed(rows, change.to, change.at_ns, until_ns) for name, rows in seen.items()}
    nodes = {name: each for name, each in when.items() if each is not None}
    missing = tuple(sorted({*change.missing, *(name for name in seen if name not in nodes)}))
    return Change(change.to, change.at_ns, nodes, missing)


def effect_of(changes: Changes) -> Finding:
    """Every change was obeyed by every node. The figure is how long the slowest one took, in seconds."""
    if changes.trouble is not None:
        return Finding(CHECK, Verdict.INCONCLUSIVE, changes.trouble.what, remedy=changes.trouble.remedy)
    late = [f"{each.to}: {name}" for each in changes.made for name in each.missing]
    if late:
        reason = f"a Service was given another endpoint, and not all nodes followed in {DEADLINE_S:g} s: {late[0]}"
        return Finding(CHECK, Verdict.FAIL, reason, float(len(late)), "nodes", 0.0, details=tuple(late))
    longest_s = max(each.latest_s for change in changes.made for each in change.nodes.values())
    reason = f"{len(changes.made)} changes of a Service's endpoint were in effect on all nodes within {longest_s:.3f} s"
    return Finding(CHECK, Verdict.PASS, reason, longest_s, "s", DEADLINE_S)
