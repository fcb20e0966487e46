"""What all faults share: their place in the journal, and the events they write."""

from __future__ import annotations

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from pydantic import BaseModel

from gauntlet.faults import heal
from gauntlet.faults.fault import Needs, NoParameters, NotHeld, NotLanded, Scene, in_every_mode
from gauntlet.faults.scenario import Scenario
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import Event, EventKind
from gauntlet.ground.journal import lock
from gauntlet.ground.journal.store import Record, State
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.promises.promise import BlastRadius


class JournalledFault(ABC):
    """Base of every fault. See gauntlet.faults.fault.Fault for the methods."""

    name: ClassVar[str]
    needs: ClassVar[Needs] = Needs()
    radius: ClassVar[Mapping[ProxyMode, BlastRadius]] = in_every_mode(BlastRadius.HURT_NODE)
    parameters: ClassVar[type[BaseModel]] = NoParameters
    scenarios: ClassVar[tuple[Scenario, ...]] = ()

    def __init__(self, scene: Scene, parameters: BaseModel) -> None:
        self.scene = scene
        self.given = parameters
        self.id = f"{self.name}-{secrets.token_hex(4)}"
        self._record: Record | None = None

    @classmethod
    def blast_radius(cls, mode: ProxyMode) -> BlastRadius:
        return cls.radius[mode]

    @abstractmethod
    def intend(self) -> Record:
        """Work out, from the cluster as it is now, what to do and how to undo it; change nothing."""

    @abstractmethod
    def act(self) -> None:
        """Do it. The journal holds the intended record by now."""

    @abstractmethod
    def evidence(self) -> str:
        """One line read from the node or the cluster that shows the fault. Raises NotLanded if none does."""

    def still(self) -> str:
        """One line, read now, that shows the fault still in effect. Raises NotLanded if none does.

        `evidence` may be what was written down at the time, so the check of the journal has to find the fault too.
        """
        evidence = self.evidence()
        if self.is_over():
            raise NotLanded("nothing of it is left")
        return evidence

    def has_timer_fired(self) -> bool:
        """Whether a timer of its own has undone it. Only faults on a node have one."""
        return False

    def guard(self, record: Record) -> None:  # noqa: B027 - only faults on a node have somewhere to put a timer
        """Arrange that the fault ends by itself when this process is gone."""

    def inject(self) -> None:
        if self._record is not None and self._record.state != State.CONFIRMED:
            raise UsageError(f"fault {self.id} is injected already", "heal it first")
        lock.take(self.scene.cluster.provider, self.scene.cluster.name)
        self._record = self.scene.journal.write(self.intend())
        self.note(EventKind.FAULT_INTENDED)
        self.guard(self._record)
        # Stamped before the act: a recovery that is counted from here is never made to look shorter than it was.
        began_ns = time.time_ns()
        self.act()
        self.note(EventKind.FAULT_INJECTED, at_ns=began_ns)
        self._write(State.INJECTED)

    def landed(self) -> str:
        if self._record is None:
            raise UsageError(f"fault {self.id} was not injected", "inject it first")
        evidence = self.evidence()
        self.note(EventKind.FAULT_LANDED, evidence)
        return evidence

    def held(self) -> str:
        if self._record is None:
            raise UsageError(f"fault {self.id} was not injected", "inject it first")
        # Stamped before the node is asked: what it then shows was so at that moment.
        began_ns = time.time_ns()
        try:
            evidence = self.still()
        except NotLanded as error:
            raise NotHeld(
                f"fault {self.id} did not hold to the end: {error.what}",
                "find out who undid it, or hold it for less long",
            ) from error
        self.note(EventKind.FAULT_HELD, evidence, at_ns=began_ns)
        return evidence

    def over_by_itself(self, within_s: float) -> str:
        if self._record is None:
            raise UsageError(f"fault {self.id} was not injected", "inject it first")
        try:
            until(self.is_over, what=f"fault {self.id} is over by itself", deadline_s=within_s, every_s=0.2)
        except NotInTime as error:
            # It was in effect all the time: what the traffic saw of that is judged.
            self.note(EventKind.FAULT_HELD, error.what)
            raise
        if self.has_timer_fired():
            raise NotHeld(
                f"fault {self.id} was undone by the dead-man timer of its node, {self.scene.dead_man_s:g} s after it "
                "was set, not by itself",
                "set GAUNTLET_DEAD_MAN_S higher",
            )
        evidence = f"{self.id} is over by itself"
        self.note(EventKind.FAULT_OVER, evidence)
        return evidence

    @property
    def is_confirmed(self) -> bool:
        """Whether `healed` has found nothing of it left."""
        return self._record is not None and self._record.state == State.CONFIRMED

    def is_over(self) -> bool:
        """Whether nothing of the fault is left at this moment, healed or not. Writes nothing."""
        return self._record is None or heal.is_over(self.scene.cluster, self._record)

    def heal(self) -> None:
        if self._record is None or self._record.state in (State.HEALED, State.CONFIRMED):
            return
        began_ns = time.time_ns()
        heal.undo(self.scene.cluster, self._record)
        self.note(EventKind.FAULT_HEALED, at_ns=began_ns)
        self._write(State.HEALED)

    def healed(self) -> str:
        if self._record is None:
            return "was not injected"
        evidence = heal.confirm(self.scene.cluster, self._record)
        if self._record.state == State.HEALED:
            self.note(EventKind.FAULT_HEAL_CONFIRMED, evidence)
            self._write(State.CONFIRMED, evidence)
        return evidence

    def _write(self, state: State, detail: str = "") -> None:
        assert self._record is not None
        self._record = self.scene.journal.write(replace(self._record, state=state, detail=detail))

    def note(self, kind: EventKind, detail: str = "", *, at_ns: int = 0) -> None:
        """Write one event, where there is a log to write it to."""
        if self.scene.events is not None:
            node = None if self._record is None else self._record.node
            self.scene.events.write(Event(kind, self.id, node, detail, at_ns))
