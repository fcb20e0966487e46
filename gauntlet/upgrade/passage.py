"""An upgrade while it takes place: the phases one after the other, under traffic, with an audit after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.providers.protocol import RollingCluster
from gauntlet.proxy import residue
from gauntlet.subject import Subject
from gauntlet.upgrade.leftovers import Remains
from gauntlet.upgrade.phases import Phase, Side, Task
from gauntlet.upgrade.strategy import Batch

# As long is nothing done to the cluster in a phase that holds it.
HOLD_S = 5.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Passage:
    """What was seen beside the traffic. `remains` has what is on each node after a phase, by the phase's name.

    `trouble` is why the roll stopped, and `stopped_in` the phase; None and empty if it did not.
    """

    remains: Mapping[str, Mapping[str, Remains]]
    stopped_in: str = ""
    trouble: Finding | None = None


class Conductor:
    """Takes a cluster through phases. `settle_s` is how long traffic goes on in a phase after its last replacement.

    An outage that begins at the end of a roll has to be seen to end.
    """

    def __init__(
        self,
        cluster: RollingCluster,
        subjects: Mapping[Side, Subject],
        events: EventLog,
        settle_s: float,
        say: Say,
    ) -> None:
        self._cluster = cluster
        self._subjects = subjects
        self._events = events
        self._settle_s = settle_s
        self._say = say
        self._known: dict[tuple[str, Side], frozenset[str]] = {}
        # The name of the phase that is under way, or was the last one.
        self.phase = ""

    def take(self, phases: Sequence[Phase]) -> Passage:
        """Go through these phases in order. A node whose next kube-proxy does not serve stops the roll: no phase more.

        What the other nodes run then is what they ran before.
        """
        remains: dict[str, Mapping[str, Remains]] = {}
        for phase in phases:
            self.phase = phase.name
            self._say(f"{phase.name}: {self._words(phase)}")
            self._note(EventKind.PHASE_STARTED, phase.name)
            trouble = self._roll(phase) if phase.task is Task.ROLL else None
            time.sleep(self._settle_s if phase.task is Task.ROLL else HOLD_S)
            if trouble is None:
                remains[phase.name] = self._audit(phase)
            self._note(EventKind.PHASE_ENDED, phase.name)
            if trouble is not None:
                self._say(f"{phase.name}: the roll stops: {trouble.reason.splitlines()[0]}")
                return Passage(remains, phase.name, trouble)
        return Passage(remains)

    def _roll(self, phase: Phase) -> Finding | None:
        assert phase.towards is not None
        subject = self._subjects[phase.towards]
        for batch in phase.batches:
            trouble = self._replace(batch, subject)
            if trouble is not None:
                return trouble
        return None

    def _replace(self, batch: Batch, subject: Subject) -> Finding | None:
        """Replace the kube-proxies of these nodes at the same time. Returns why one of them does not serve."""

        def replace(node: str) -> Finding | None:
            self._note(EventKind.PROXY_STOPPED, self._cluster.subject_of(node).name, node)
            try:
                self._cluster.replace_proxy(node, subject)
            except GauntletError as error:
                return Finding("replacement", Verdict.FAIL, error.what, remedy=error.remedy, node=node)
            self._note(EventKind.PROXY_REPLACED, subject.name, node)
            return None

        with ThreadPoolExecutor(len(batch)) as pool:
            found = list(pool.map(replace, batch))
        return next((each for each in found if each is not None), None)

    def _audit(self, phase: Phase) -> Mapping[str, Remains]:
        """What is on each node. What a hold shows of a subject that all nodes have is known of it from then on."""
        lines = {node.name: frozenset(residue.remains(node)) for node in self._cluster.nodes}
        found = {
            name: Remains(
                self._subjects[side].mode,
                lines[name],
                self._known.get((name, side)),
                # Today's was known before the next one ran anywhere.
                earlier=self._subjects[Side.FROM].mode if side is Side.TO else None,
            )
            for name, side in phase.after.items()
        }
        if phase.task is Task.HOLD and phase.side is not None:
            for name in phase.after:
                self._known.setdefault((name, phase.side), lines[name])
        return found

    def _words(self, phase: Phase) -> str:
        if phase.towards is None:
            return f"nothing is done for {HOLD_S:g} s"
        order = ", then ".join(" and ".join(batch) for batch in phase.batches)
        return f"{order} get {self._subjects[phase.towards].name}"

    def _note(self, kind: EventKind, subject: str, node: str | None = None) -> None:
        self._events.write(Event(kind, subject, node))
