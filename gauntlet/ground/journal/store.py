"""The write-ahead record of faults.

Before a fault acts, what it is about to do and how to undo it is on disk, as plain data: command lines and
names of objects, no code. So a run that was killed is healed by whoever comes next, from the journal and the
cluster alone.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.disk import LineFile
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.journal.owner import Owner

Argv = tuple[str, ...]

FILE = "journal.jsonl"


class State(StrEnum):
    """How far a fault has come. Only `CONFIRMED` needs no healing any more."""

    INTENDED = "intended"
    INJECTED = "injected"
    HEALED = "healed"
    CONFIRMED = "confirmed"


@dataclass(frozen=True)
class Record:
    """One line of the journal: a fault, its state, and how to undo it.

    `undo` are commands for the node, run in order; `check` is a command that ends with 0 when nothing of the
    fault is left, its output being the evidence. `delete` are Services, `namespace/name`, that go away. All of
    it is safe to repeat. `node` is None for a fault that touches no node. With `boot`, undoing begins with starting
    the node's machine, where it is off. `owner` is the process that wrote the line; None if an earlier version did.
    """

    fault_id: str
    fault: str
    node: str | None
    state: str
    undo: tuple[Argv, ...] = ()
    check: Argv = ()
    delete: tuple[str, ...] = ()
    boot: bool = False
    detail: str = ""
    at_ns: int = 0
    owner: Owner | None = None

    @property
    def is_anothers(self) -> bool:
        """Whether a process other than this one put it there and still runs: the fault is for that one to heal."""
        return self.owner is not None and self.owner.lives and not self.owner.is_me

    @property
    def place(self) -> str:
        return self.node or "the API"


class Journal:
    """Appends records to a JSON-lines file, each on disk before `write` returns.

    Several processes may write to one journal. A last line without its newline was never acknowledged to its
    writer, which therefore had not acted yet (or acts again): it is ignored, and cut off by the next write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = LineFile(path)

    def write(self, record: Record) -> Record:
        """Stamp the record with the present time and this process, append it and wait for the disk.

        Raises GauntletError if the file cannot be written: then the fault must not act.
        """
        stamped = replace(record, at_ns=time.time_ns(), owner=Owner.me())
        try:
            self._file.append_durably(json.dumps(asdict(stamped), ensure_ascii=False) + "\n")
        except OSError as error:
            raise GauntletError(
                f"the journal {self.path} cannot be written: {error.strerror}",
                "free space or fix the folder's permissions; no fault is injected without a journal",
            ) from error
        return stamped

    def read(self) -> tuple[Record, ...]:
        """All records, oldest first; none where there is no journal.

        Raises GauntletError, which names the line, where a whole line is no record.
        """
        return tuple(self._record(number, line) for number, line in enumerate(self._file.lines(), start=1))

    def open(self) -> tuple[Record, ...]:
        """The newest record of each fault that is not confirmed as healed, the newest fault first.

        A state this version does not know counts as not healed: undoing twice does no harm.
        """
        first: dict[str, int] = {}
        last: dict[str, Record] = {}
        for position, record in enumerate(self.read()):
            first.setdefault(record.fault_id, position)
            last[record.fault_id] = record
        unhealed = [record for record in last.values() if record.state != State.CONFIRMED]
        return tuple(sorted(unhealed, key=lambda record: first[record.fault_id], reverse=True))

    def _record(self, number: int, line: bytes) -> Record:
        try:
            fields = json.loads(line)
            owner = fields.get("owner")
            return Record(
                fault_id=fields["fault_id"],
                fault=fields["fault"],
                node=fields["node"],
                state=fields["state"],
                undo=tuple(tuple(argv) for argv in fields["undo"]),
                check=tuple(fields["check"]),
                delete=tuple(fields["delete"]),
                boot=fields.get("boot", False),
                detail=fields["detail"],
                at_ns=fields["at_ns"],
                owner=Owner(**owner) if owner else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GauntletError(
                f"{self.path}, line {number}: no journal record ({error!r})",
                "delete the cluster (`gauntlet cluster down`), or remove that line after undoing what it describes",
            ) from None


class OpenFaults(GauntletError):
    """A cluster has faults in it that only its journal knows how to undo."""


def require_healed(name: str, journal: Journal) -> None:
    """Raise OpenFaults if the journal of this cluster has faults that are not confirmed as healed."""
    left = journal.open()
    if left:
        listed = ", ".join(f"{record.fault} on {record.place}" for record in left)
        raise OpenFaults(
            f"cluster {name} has {len(left)} fault(s) of an earlier run that only its journal can undo: {listed}",
            f"gauntlet heal --name {name}; if the cluster is gone for good: rm -r {journal.path.parent}",
        )


def journal_in(state_dir: Path) -> Journal:
    """The one journal of the cluster that has this state folder."""
    return Journal(state_dir / FILE)


def journal_of(cluster: Cluster) -> Journal:
    """The one journal of this cluster."""
    return journal_in(cluster.state_dir)
