"""What all faults on a node share: commands, and a dead-man timer. A fault adds its plan and its evidence."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from gauntlet.faults import background
from gauntlet.faults.journalled import JournalledFault
from gauntlet.ground.cluster import Node
from gauntlet.ground.journal.store import Argv, Record, State


@dataclass(frozen=True)
class Plan:
    """Commands for the node. `undo` and `check` are kept in the journal: they must be safe to repeat.

    `act` hurts; `undo` heals; `check` ends with 0, and prints the evidence, when nothing of the fault is left.
    """

    act: tuple[Argv, ...]
    undo: tuple[Argv, ...]
    check: Argv


class NodeFault(JournalledFault):
    """Base of a fault that acts by commands on one node."""

    @property
    def node(self) -> Node:
        return self.scene.node

    @abstractmethod
    def plan(self) -> Plan:
        """What to do, worked out from the node as it is now. Raises Inconclusive if there is nothing to hurt."""

    @property
    def notes(self) -> str:
        """File of the node in which `act` may write down at once what `evidence` then reads. It goes when it is undone.

        A timer that undoes the fault leaves it, for whoever asks whether the fault held.
        """
        return f"{background.FOLDER}/gauntlet-notes-{self.id}"

    def intend(self) -> Record:
        plan = self.plan()
        self._act = plan.act
        undo = (*plan.undo, background.end(self._timer, self.notes)) if plan.undo else ()
        return Record(self.id, self.name, self.node.name, State.INTENDED, undo, plan.check)

    def guard(self, record: Record) -> None:
        self._is_guarded = bool(record.undo)
        if self._is_guarded:
            undo = record.undo[:-1]  # all but the last, which ends the timer: that is what runs then
            self.node.run(background.dead_man(self._timer, self.scene.dead_man_s, undo))

    def has_timer_fired(self) -> bool:
        return self._is_guarded and background.has_fired(self.node, self._timer)

    def act(self) -> None:
        for argv in self._act:
            self.node.run(argv)

    @property
    def _timer(self) -> str:
        return f"gauntlet-timer-{self.id}"
