"""What a process knows of the faults that it injects: which there are, and how far each has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gauntlet.faults.fault import Fault


class Stage(StrEnum):
    """What is known of a fault. It may be healed though it was never seen to land."""

    STRUCK = "struck"
    LANDED = "landed"
    HEALED = "healed"


class Key(NamedTuple):
    """One fault, by its name, on one node of a cluster."""

    cluster: str
    fault: str
    node: str


@dataclass
class _Entry:
    fault: Fault
    seen: set[Stage] = field(default_factory=set)


class Account:
    """The faults of one process, each from the moment before it is injected until it is forgotten."""

    def __init__(self) -> None:
        self._entries: dict[Key, _Entry] = {}

    def open(self, key: Key, fault: Fault) -> None:
        """Take up a fault that is about to be injected; nothing is known of it yet."""
        self._entries[key] = _Entry(fault)

    def mark(self, key: Key, stage: Stage) -> None:
        self._entries[key].seen.add(stage)

    def fault(self, key: Key) -> Fault | None:
        """The fault, healed or not; None if this process has injected none such."""
        entry = self._entries.get(key)
        return None if entry is None else entry.fault

    def unhealed(self, cluster: str) -> tuple[Key, ...]:
        """Those of a cluster that were not seen healed, in the order of their injection."""
        return tuple(key for key, entry in self._of(cluster) if Stage.HEALED not in entry.seen)

    def is_settled(self, cluster: str) -> bool:
        """Whether every fault of a cluster has landed and is healed. True if there is none."""
        return all({Stage.LANDED, Stage.HEALED} <= entry.seen for _, entry in self._of(cluster))

    def has_struck(self, cluster: str) -> bool:
        """Whether a fault was injected into a cluster, as far as it is not forgotten."""
        return any(Stage.STRUCK in entry.seen for _, entry in self._of(cluster))

    def forget(self, cluster: str) -> None:
        for key, _ in self._of(cluster):
            del self._entries[key]

    def _of(self, cluster: str) -> list[tuple[Key, _Entry]]:
        return [(key, entry) for key, entry in self._entries.items() if key.cluster == cluster]
