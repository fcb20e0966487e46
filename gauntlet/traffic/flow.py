"""Traffic and Flow: what suites hold in their hands."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive, UsageError
from gauntlet.ground.family import place
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow
from gauntlet.ground.waiting import until
from gauntlet.traffic import table as tables
from gauntlet.traffic.client import Agent, Record
from gauntlet.traffic.job import Ended, Job, longest_s
from gauntlet.traffic.load import Load, Target
from gauntlet.traffic.refusal_limit import WHOLE_AFTER_S, RefusalLimits, key
from gauntlet.traffic.rows import head, read, read_so_far
from gauntlet.traffic.table import Answers, Table

_NOWHERE: Mapping[str, str] = MappingProxyType({})
_GRACE_S = 10.0


class Flow:
    """One load under way from one client.

    As a context manager it is stopped on leaving, whatever happened inside.
    """

    def __init__(
        self, agent: Agent, load: Load, declared: DeclaredFlow, job: Job, record: Record, limits: RefusalLimits
    ) -> None:
        self.load = load
        self.declared = declared
        self._agent = agent
        self._job = job
        self._record = record
        self._limits = limits
        self._ended: Ended | None = None

    @property
    def path(self) -> Path:
        """The row file (format: `gauntlet.traffic.rows`)."""
        return self._record.path

    @property
    def slipped(self) -> int:
        """After the end: how many starts came late because all users were in an attempt (coordinated omission)."""
        if self._ended is None:
            raise UsageError("a flow knows how many starts slipped only when it is over", "call stop() or wait() first")
        return self._ended.slipped

    @property
    def made(self) -> int | None:
        """After the end: how many attempts its agent made, by its own word; None if it has not ended in order."""
        return None if self._record.ended is None else self._record.ended.made

    def count(self) -> int:
        """Rows so far. They arrive up to about 0.1 s after their attempt."""
        return self._record.count

    @property
    def broken(self) -> bool:
        """Whether its agent has gone though nobody has ended the flow: it attempts nothing any more."""
        return self._ended is None and self._agent.gone

    def abandon(self) -> None:
        """Have the load end, and wait for nothing: its client is on its way out. `so_far` has what arrived."""
        if self._ended is None:
            self._agent.ask_to_stop(self._job)
            self._note_broken_off()

    def so_far(self, backend_nodes: Mapping[str, str] = _NOWHERE) -> pl.DataFrame:
        """The attempts whose rows have arrived, whether the load goes on or its agent has crashed.

        Without those that failed for want of something on the client itself: they say nothing about the Service.
        """
        return read_so_far(self.path, backend_nodes)

    def ask_to_stop(self) -> None:
        """Tell the load to end, and return at once: of several, all end together before `stop` waits for each."""
        if self._ended is None:
            self._agent.ask_to_stop(self._job)

    def stop(self, backend_nodes: Mapping[str, str] = _NOWHERE) -> pl.DataFrame:
        """End the load and return its attempts (ATTEMPTS schema). Attempts under way are finished first.

        `backend_nodes` says which node each backend is on. May be called again. Raises Inconclusive if the
        agent crashed, lost rows, or ran out of something of its own.
        """
        if self._ended is None:
            self.ask_to_stop()
            self._ended = self._end(self.load.timeout_s + _GRACE_S)
        return read(self.path, backend_nodes)

    def wait(self, backend_nodes: Mapping[str, str] = _NOWHERE) -> pl.DataFrame:
        """Wait for the end of a load with `attempts`, and return as `stop` does.

        Raises Inconclusive as well if the load ended with fewer attempts than were declared, and did not give up.
        """
        if self.load.attempts is None:
            raise UsageError("a load without `attempts` never ends by itself", "stop() it")
        if self._ended is None:
            self._ended = self._end(longest_s(self._job, self.load.attempts) + _GRACE_S)
        if self._ended.made < self.load.attempts and not self._ended.gave_up:
            target = self.load.target
            raise Inconclusive(
                f"{self.declared.client} made {self._ended.made} of {self.load.attempts} declared attempts at"
                f" {target.service} ({target.frontend} {place(target.address, target.port)}/{target.protocol})",
                f"see {self.path} and the agents' stderr beside it: nothing can be said of a flow that fell silent",
            )
        return read(self.path, backend_nodes)

    def _end(self, within_s: float) -> Ended:
        try:
            ended = self._agent.await_end(self._job, within_s)
        except Inconclusive:
            self._note_broken_off()
            raise
        self._limits.note(self._agent.client, self.so_far())
        return ended

    def _note_broken_off(self) -> None:
        """Nobody knows what the attempts under way will come to, nor those whose rows are lost."""
        self._limits.note_unknown(self._agent.client, time.time_ns() + int(self.load.timeout_s * 1e9))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended is not None:
            return
        if kind is None:
            self.stop()
        else:
            self._agent.ask_to_stop(self._job)  # the error that is on its way matters more than this end
            self._note_broken_off()


class Traffic:
    """All traffic of one cluster: one agent a client, started when first needed.

    Row files and the agents' stderr are kept in `folder`. `refuses_freely`: no kernel limits its refusals.
    """

    def __init__(self, folder: Path, *, refuses_freely: bool = False) -> None:
        self._folder = folder
        self.refuses_freely = refuses_freely
        self._agents: dict[tuple[str, str, str], Agent] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._limits = RefusalLimits(time.time_ns())
        folder.mkdir(parents=True, exist_ok=True)

    def warm(self, *clients: Host) -> None:
        """Start the agents of these clients now and return at once.

        An agent spends most of a second importing Locust: several do it side by side, while pods get ready.
        """
        for client in clients:
            self._agent(client)

    def start(self, client: Host, load: Load) -> Flow:
        """Start a load; it runs when this returns. Raises Inconclusive if the agent does not come up."""
        agent = self._agent(client)
        job = load.job(next(self._numbers))
        declared = load.declared(client)
        record = self._record(client, job.number, head(declared))
        agent.start(job, record)
        return Flow(agent, load, declared, job, record, self._limits)

    def send(self, client: Host, load: Load, backend_nodes: Mapping[str, str] = _NOWHERE) -> pl.DataFrame:
        """Run a load with `attempts` to its end and return them. Raises Inconclusive, as `Flow.stop` does."""
        with self.start(client, load) as flow:
            return flow.wait(backend_nodes)

    def ask(self, client: Host, table: Table) -> Answers:
        """Have a client ask all of a table, and return what it was answered. Raises Inconclusive, as `Flow.stop` does.

        Safe to use from several threads.
        """
        agent = self._agent(client)
        job = table.job(next(self._numbers))
        record = self._record(client, job.number, tables.head(table.declared(client)))
        agent.start(job, record)
        try:
            ended = agent.await_end(job, longest_s(job, table.attempts) + _GRACE_S)
        except Inconclusive:
            self._limits.note_unknown(client, time.time_ns() + int(table.timeout_s * 1e9))
            raise
        answers = tables.read(record.path, table)
        self._limits.note(client, answers.attempts)
        if ended.made < table.attempts:
            raise Inconclusive(
                f"{client.name} made {ended.made} of {table.attempts} attempts of a table",
                f"see {record.path} and the agents' stderr beside it",
            )
        return answers

    def refusals_left(self, client: Host, target: Target) -> int:
        """How often the kernels may refuse this client at this target now, at least."""
        return self._limits.left(client, target, time.time_ns())

    def await_refusal_limit(self, clients: Sequence[Host], targets: Sequence[Target], attempts: int) -> None:
        """Wait until each client may be refused so often by each of these targets, whatever refused it before.

        Raises UsageError if a kernel never refuses so much at once.
        """
        if self.refuses_freely:
            return
        until(
            lambda: all(self._limits.allow(client, targets, attempts, time.time_ns()) for client in clients),
            what="the kernels may refuse as often as is asked",
            deadline_s=WHOLE_AFTER_S + _GRACE_S,
        )

    def release(self, client: Host) -> None:
        """End the agent of a client that is about to go. A client without one is fine."""
        with self._lock:
            agent = self._agents.pop(key(client), None)
        if agent is not None:
            agent.close()

    def close(self) -> None:
        """End all agents."""
        with self._lock:
            agents = list(self._agents.values())
            self._agents.clear()
        for agent in agents:
            agent.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _record(self, client: Host, number: int, first: bytes) -> Record:
        try:
            return Record(self._folder / f"{number:04}-{_file_name(client.name)}.rows", first)
        except OSError as error:
            raise Inconclusive(f"no rows can be kept: {error}", f"make room in {self._folder}") from error

    def _agent(self, client: Host) -> Agent:
        with self._lock:
            known = self._agents.get(key(client))
            if known is not None and not known.gone:
                return known
            try:
                agent = Agent(client, self._folder, next(self._numbers))
            except OSError as error:
                raise Inconclusive(f"no traffic agent could be started on {client.name}: {error}") from error
            self._agents[key(client)] = agent
            if known is not None:
                known.close()
            return agent


def _file_name(client: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", client)
