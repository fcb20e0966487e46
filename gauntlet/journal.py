"""The write-ahead record of faults, and healing from it.

Before a fault acts, what it is about to do and how to undo it is on disk, as plain data: command lines and
names of objects, no code. So a run that was killed is healed by whoever comes next, from the journal and the
cluster alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

from kubernetes.client import ApiException, CoreV1Api
from urllib3.exceptions import HTTPError

from gauntlet.cluster import Cluster, Host, OwnKernelNode
from gauntlet.errors import GauntletError
from gauntlet.waiting import NotInTime, until

Argv = tuple[str, ...]

# A restarted kube-proxy needs some seconds to write everything again; under a crash back-off, half a minute.
CONFIRM_DEADLINE_S = 60.0
_API_TIMEOUT_S = 10.0


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
    the node's machine, where it is off.
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


@dataclass(frozen=True)
class Healed:
    """One fault that `heal` undid, and how it knows."""

    fault_id: str
    fault: str
    node: str | None
    evidence: str


class HealFailed(GauntletError):
    """At least one fault could not be undone. The others were."""


class Journal:
    """Appends records to a JSON-lines file, each on disk before `write` returns.

    Several processes may write to one journal. A last line without its newline was never acknowledged to its
    writer, which therefore had not acted yet (or acts again): it is ignored, and cut off by the next write.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, record: Record) -> Record:
        """Stamp the record with the present time, append it and wait for the disk.

        Raises GauntletError where the file cannot be written: then the fault must not act.
        """
        stamped = replace(record, at_ns=time.time_ns())
        line = (json.dumps(asdict(stamped), ensure_ascii=False) + "\n").encode()
        try:
            with self._locked() as fd:
                os.ftruncate(fd, _whole_lines(fd))
                os.lseek(fd, 0, os.SEEK_END)
                os.write(fd, line)
                os.fsync(fd)
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
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        whole = text[: text.rfind(b"\n") + 1]
        return tuple(self._record(number, line) for number, line in enumerate(whole.splitlines(), start=1))

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

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)

    def _record(self, number: int, line: bytes) -> Record:
        try:
            fields = json.loads(line)
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
            )
        except (ValueError, KeyError, TypeError) as error:
            raise GauntletError(
                f"{self.path}, line {number}: no journal record ({error!r})",
                "delete the cluster (`gauntlet cluster down`), or remove that line after undoing what it describes",
            ) from None


def journal_of(cluster: Cluster) -> Journal:
    """The one journal of this cluster."""
    return Journal(cluster.state_dir / "journal.jsonl")


def heal(cluster: Cluster) -> tuple[Healed, ...]:
    """Undo every fault of this cluster that is not confirmed as healed, the newest first.

    A node that is gone took its faults with it. Raises HealFailed after trying all of them where some failed.
    """
    journal = journal_of(cluster)
    healed: list[Healed] = []
    failures: list[str] = []
    for record in journal.open():
        try:
            healed.append(heal_one(cluster, journal, record))
        except (GauntletError, ApiException, HTTPError) as error:
            failures.append(f"{record.fault_id} on {record.node or 'the API'}: {error}")
    if failures:
        raise HealFailed(
            f"{len(failures)} fault(s) of cluster {cluster.name} could not be healed:\n" + "\n".join(failures),
            f"mend the node and run `gauntlet heal` again, or delete the cluster; the journal is {journal.path}",
        )
    return tuple(healed)


def heal_one(cluster: Cluster, journal: Journal, record: Record) -> Healed:
    """Undo one fault by its record, confirm that it is gone, and write both down."""
    undo(cluster, record)
    journal.write(replace(record, state=State.HEALED, detail=""))
    evidence = confirm(cluster, record)
    journal.write(replace(record, state=State.CONFIRMED, detail=evidence))
    return Healed(record.fault_id, record.fault, record.node, evidence)


def undo(cluster: Cluster, record: Record) -> None:
    """Run what undoes the fault. Raises CommandFailed or ApiException where that fails."""
    for service in record.delete:
        _delete(cluster, service)
    host = _host(cluster, record)
    if host is None:
        return
    if record.boot:
        if not isinstance(host, OwnKernelNode):
            raise GauntletError(f"{host.name} is no machine that could be booted", "start it by hand")
        host.boot()
    for argv in record.undo:
        host.run(argv)


def is_over(cluster: Cluster, record: Record) -> bool:
    """Whether nothing of the fault is left at this moment."""
    return _evidence(cluster, record) is not None


def confirm(cluster: Cluster, record: Record) -> str:
    """Evidence that nothing of the fault is left; waits for it. Raises HealFailed where something stays."""
    try:
        return until(
            lambda: _evidence(cluster, record),
            what=f"fault {record.fault_id} on {record.node or 'the API'} is gone",
            deadline_s=CONFIRM_DEADLINE_S,
            every_s=0.1,
        )
    except NotInTime as late:
        raise HealFailed(late.what, "look at the node and at kube-proxy's log there") from late


def _evidence(cluster: Cluster, record: Record) -> str | None:
    """How it shows that nothing of the fault is left; None while something is."""
    if any(_exists(cluster, service) for service in record.delete):
        return None
    host = _host(cluster, record)
    if record.node is not None and host is None:
        return f"node {record.node} is gone"
    if host is None or not record.check:
        return "; ".join(f"Service {service} is gone" for service in record.delete) or "nothing to undo"
    checked = host.run(record.check, check=False)
    return (checked.stdout.strip() or "its check passed") if checked.code == 0 else None


def _host(cluster: Cluster, record: Record) -> Host | None:
    return next((node for node in cluster.nodes if node.name == record.node), None)


def _delete(cluster: Cluster, service: str) -> None:
    namespace, _, name = service.partition("/")
    try:
        CoreV1Api(cluster.api).delete_namespaced_service(name, namespace, _request_timeout=_API_TIMEOUT_S)
    except ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


def _exists(cluster: Cluster, service: str) -> bool:
    namespace, _, name = service.partition("/")
    try:
        CoreV1Api(cluster.api).read_namespaced_service(name, namespace, _request_timeout=_API_TIMEOUT_S)
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True


def _whole_lines(fd: int) -> int:
    """Length in bytes of the file up to its last newline."""
    size = os.fstat(fd).st_size
    return os.pread(fd, size, 0).rfind(b"\n") + 1
