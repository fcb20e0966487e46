"""The traffic of a watch: flows of clients that come and go, each kept to the end that it came to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from gauntlet.checkers.sample import no_data
from gauntlet.ground.cluster import Host, HostKind
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event, EventKind
from gauntlet.traffic import Flow, Load, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.roll_traffic import ended
from gauntlet.upgrade.watch.presence import Farewell, Presence, before_leaving, before_loss

_AT_ONCE = 8
ROWS = "rows"


@dataclass(frozen=True)
class Group:
    """The flows that come and go together: those of one client, or of one node. `node` is None outside the cluster."""

    key: str
    node: str | None
    asked: tuple[tuple[Host, Load], ...]


@dataclass(frozen=True)
class Parting:
    """That a client left by itself, and its node, for all that was known then, did not."""

    key: str
    node: str | None
    at_ns: int


class Stream:
    """All flows of a watch. `backend_nodes` says which node each backend is on, and may grow meanwhile.

    Flows are started in the background: an agent on a node that is about to fail takes half a minute to say so.
    """

    def __init__(self, traffic: Traffic, evidence: Evidence, backend_nodes: Mapping[str, str]) -> None:
        self.presence = Presence()
        self._traffic = traffic
        self._evidence = evidence
        self._backend_nodes = backend_nodes
        self._wanted: dict[str, Group] = {}
        self._running: dict[str, list[Flow]] = {}
        self._starting: set[str] = set()
        self._failed: dict[str, GauntletError] = {}
        self.partings: list[Parting] = []
        self.broken: list[Finding] = []
        self.arrived = arrived(())
        self._lock = threading.RLock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "flows")

    @property
    def wanted(self) -> frozenset[str]:
        """The keys of the groups that are here."""
        with self._lock:
            return frozenset(self._wanted)

    @property
    def all_run(self) -> bool:
        with self._lock:
            return self._wanted.keys() == self._running.keys() and not self._starting

    @property
    def flows(self) -> tuple[Flow, ...]:
        """Those under way."""
        with self._lock:
            return tuple(flow for flows in self._running.values() for flow in flows)

    def join(self, group: Group) -> None:
        """Have the flows of a client that has come started, and return at once. Without effect on one that is here.

        If they were being started when it left, that comes to its end first.
        """
        with self._lock:
            if group.key not in self._wanted:
                # Another one each time that it comes: what was started for it before it left does not count.
                self._wanted[group.key] = replace(group)
                if group.key not in self._starting:
                    self._start(self._wanted[group.key], "")

    def leave(self, key: str, why: str) -> None:
        """A client left in order: its attempts until now count. Without effect on one that is not here."""
        if group := self._part(key, why, before_leaving):
            self.partings.append(Parting(key, group.node, time.time_ns()))

    def lose(self, key: str, why: str) -> None:
        """A client went away with its node: its attempts until its last good one count."""
        self._part(key, why, before_loss)

    def mend(self) -> None:
        """Start again what broke though its client is here, as when the API server was away, and what did not start.

        In between nobody attempted, which the finding about resolution shows: nobody knows what went unseen.
        """
        with self._lock:
            for key, group in self._wanted.items():
                if key in self._starting:
                    continue
                flows = self._running.get(key)
                if flows is not None and not any(flow.broken for flow in flows):
                    continue
                for flow in self._running.pop(key, ()):
                    self._evidence.add(flow.so_far(self._backend_nodes))
                self._start(group, "again: the way to the client was broken")

    def stop(self) -> None:
        """End all flows in order. `broken` then has a finding for each that came to no good end, or never began."""
        self._pool.shutdown()
        self.broken += [
            replace(no_data("flow", f"{key} was not started: {error.what}"), remedy=error.remedy)
            for key, error in self._failed.items()
            if key in self._wanted
        ]
        over = self.flows
        for flow in over:
            attempts, trouble = ended(flow, self._backend_nodes)
            self._evidence.add(attempts)
            self.broken += [trouble] if trouble else []
        self._running.clear()
        self.arrived = arrived([(flow.made, flow.count()) for flow in over])

    def break_off(self) -> None:
        """Keep what there is so far: an error is on its way."""
        for flow in self.flows:
            self._evidence.add(flow.so_far(self._backend_nodes))
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _start(self, group: Group, again: str) -> None:
        self._starting.add(group.key)
        self._pool.submit(self._start_all, group, again)

    def _start_all(self, group: Group, again: str) -> None:
        """In the background: start a group, and if it went and came back meanwhile, what came back."""
        later = self._started(group, again)
        while later is not None:
            later = self._started(later, "")

    def _started(self, group: Group, again: str) -> Group | None:
        """Start the flows of a group. Returns the one that has come in its place meanwhile; None if none has."""
        flows: list[Flow] = []
        error: GauntletError | None = None
        try:
            for client, load in group.asked:
                flows.append(self._traffic.start(client, load))
                self.presence.begin(flows[-1].declared, time.time_ns())
        except GauntletError as caught:  # the way to a client may be a command that fails, as on kind
            error = caught
        with self._lock:
            if error is None and self._wanted.get(group.key) is group:
                self._starting.discard(group.key)
                self._running[group.key] = flows
                self._failed.pop(group.key, None)
                self._note(EventKind.CLIENT_CAME, group, again or f"{len(flows)} flows")
                return None
            if error is not None:
                self._failed[group.key] = error
        self._close(flows, before_loss)
        with self._lock:
            later = self._wanted.get(group.key)
            if later is None or later is group:
                self._starting.discard(group.key)
                return None
            return later

    def _part(self, key: str, why: str, counted: Callable[[pl.DataFrame, int], Farewell]) -> Group | None:
        with self._lock:
            group = self._wanted.pop(key, None)
            flows = self._running.pop(key, [])
        if group is None:
            return None
        dropped = self._close(flows, counted)
        for client in {client for client, _ in group.asked if client.kind is not HostKind.OUTSIDE}:
            # It may come back as another one, behind the same name.
            self._traffic.release(client)
        tail = f"; {dropped} attempts after its last that counts are left out" if dropped else ""
        self._note(EventKind.CLIENT_LEFT, group, why + tail)
        return group

    def _close(self, flows: list[Flow], counted: Callable[[pl.DataFrame, int], Farewell]) -> int:
        """End these flows without waiting for anything. Returns how many attempts do not count."""
        now_ns = time.time_ns()
        for flow in flows:
            flow.abandon()
        partings = [counted(flow.so_far(self._backend_nodes), now_ns) for flow in flows]
        for flow, parting in zip(flows, partings, strict=True):
            self.presence.end(flow.declared, parting.until_ns)
            self._evidence.add(parting.attempts)
        return sum(each.dropped for each in partings)

    def _note(self, kind: EventKind, group: Group, detail: str) -> None:
        self._evidence.events.write(Event(kind, group.key, group.node, detail))


def arrived(flows: Sequence[tuple[int | None, int]]) -> Finding:
    """How many attempts were made, by the word of the agents, that have no row; of the flows that ended in order.

    `flows` are attempts made, None if that is not known, and rows. Decides nothing: a flow that lost one is broken.
    """
    known = [(made, rows) for made, rows in flows if made is not None]
    made, lost = sum(made for made, _ in known), sum(made - rows for made, rows in known)
    reason = (
        f"{made:,} attempts were made until the end, and {'each has its row' if not lost else f'{lost} have no row'}"
    )
    return Finding(ROWS, Verdict.MEASURED, reason, float(lost), "rows")
