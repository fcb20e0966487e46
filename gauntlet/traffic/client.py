"""The driver's end of one agent: its process, what it was told, and the row files it fills."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.traffic.job import (
    Ended,
    Job,
    Message,
    Ready,
    Rows,
    Start,
    Started,
    StartTable,
    Stop,
    TableJob,
    decode,
    encode,
)

_START_WITHIN_S = 30.0
_ANSWER_WITHIN_S = 10.0
_TAIL_BYTES = 2_000


class Record:
    """The rows of one job so far, and whether it is over. Filled by the agent's reader thread.

    `head` is the first line of its file. Unbuffered: rows are with the kernel as soon as they are counted. Raises
    OSError if the disk is full.
    """

    def __init__(self, path: Path, head: bytes) -> None:
        self.path = path
        self.count = 0
        self.started = False
        self.ended: Ended | None = None
        self._file = path.open("wb", buffering=0)
        self._write(head)

    def append(self, rows: bytes) -> None:
        self._write(rows)
        self.count += rows.count(b"\n")

    def close(self) -> None:
        self._file.close()

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]


class Agent:
    """One agent process. It is told of jobs by `start` and `stop`; all waits have a deadline."""

    def __init__(self, client: Host, folder: Path, number: int) -> None:
        """Start the process and return at once. Raises OSError if it cannot be started."""
        self.client = client
        self.stderr_path = folder / f"agent-{number}.stderr"
        self._records: dict[int, Record] = {}
        self._changed = threading.Condition()
        self._ready = False
        self._gone = False
        self._unkept: OSError | None = None
        theirs_in, self._commands = os.pipe()
        replies, theirs_out = os.pipe()
        try:
            with self.stderr_path.open("w") as stderr:
                self._process: subprocess.Popen[str] = client.spawn_module(
                    "gauntlet.traffic.agent", stdin=theirs_in, stdout=theirs_out, stderr=stderr
                )
        except BaseException:
            os.close(self._commands)
            os.close(replies)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._reader = threading.Thread(target=self._read, args=(replies,), name=f"agent of {client.name}", daemon=True)
        self._reader.start()

    @property
    def gone(self) -> bool:
        return self._gone

    def start(self, job: Job | TableJob, record: Record) -> None:
        """Tell the agent of a job and wait until it has taken it. Raises Inconclusive if it does not."""
        with self._changed:
            self._records[job.number] = record
        self._await(lambda: self._ready, _START_WITHIN_S, "is ready")
        self._tell(encode(StartTable(job) if isinstance(job, TableJob) else Start(job)))
        self._await(lambda: record.started, _ANSWER_WITHIN_S, "has begun a load")

    def ask_to_stop(self, job: Job | TableJob) -> None:
        """Tell the agent to end a job. A dead agent needs no telling."""
        try:
            self._tell(encode(Stop(job.number)))
        except Inconclusive:
            return

    def await_end(self, job: Job | TableJob, within_s: float) -> Ended:
        """Wait until a job is over and all of its rows are here. Raises Inconclusive."""
        record = self._records[job.number]
        self._await(lambda: record.ended is not None, within_s, "has ended a load")
        with self._changed:
            del self._records[job.number]
        record.close()
        assert record.ended is not None
        if record.ended.made != record.count:
            raise Inconclusive(
                f"the agent of {self.client.name} made {record.ended.made} attempts, but {record.count} rows arrived"
                f"{self._complaints()}",
                f"see {record.path}; attempts are missing, so no verdict can rest on the others",
            )
        return record.ended

    def close(self) -> None:
        """End the process; by force where it does not go by itself within a few seconds."""
        with self._changed:
            if self._commands >= 0:
                os.close(self._commands)
                self._commands = -1
        try:
            self._process.wait(timeout=3.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=3.0)
        self._reader.join(timeout=3.0)
        for record in self._records.values():
            record.close()

    def _tell(self, line: bytes) -> None:
        try:
            if self._commands < 0:
                raise BrokenPipeError
            left = memoryview(line)
            while left:
                left = left[os.write(self._commands, left) :]
        except BrokenPipeError:
            raise self._crash() from None

    def _await(self, happened: Callable[[], bool], within_s: float, what: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: happened() or self._gone, timeout=within_s)
            if happened():
                return
        if self._gone:
            raise self._crash()
        raise Inconclusive(
            f"no word within {within_s:g} s that the traffic agent of {self.client.name} {what}{self._complaints()}",
            "is the client's host overloaded or paused?",
        )

    def _crash(self) -> Inconclusive:
        if self._unkept is not None:
            return Inconclusive(
                f"the rows of {self.client.name} could not be kept: {self._unkept}",
                f"make room in {self.stderr_path.parent}",
            )
        try:
            code: int | str = self._process.wait(timeout=3.0)
        except subprocess.TimeoutExpired:
            code = "unknown"
        return Inconclusive(
            f"the traffic agent of {self.client.name} ended on its own (exit code {code}){self._complaints()}",
            f"its stderr is in {self.stderr_path}; what it saw of the Service until then is no basis for a verdict",
        )

    def _complaints(self) -> str:
        tail = self.stderr_path.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
        return f"; its stderr ends with:\n{tail}" if tail else "; its stderr is empty"

    def _read(self, descriptor: int) -> None:
        """The reader thread: files rows and notes replies until the agent's stdout ends."""
        try:
            with os.fdopen(descriptor, "rb") as replies:
                self._follow(replies)
        except OSError as error:
            self._unkept = error
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def _follow(self, replies: BinaryIO) -> None:
        while line := replies.readline():
            try:
                message = decode(line)
            except ValueError:
                return  # cut off by the agent's end
            payload = replies.read(message.size) if isinstance(message, Rows) else b""
            with self._changed:
                self._note(message, payload)
                self._changed.notify_all()

    def _note(self, message: Message, payload: bytes) -> None:
        if isinstance(message, Ready):
            self._ready = True
        elif isinstance(message, Started | Rows | Ended) and message.number in self._records:
            record = self._records[message.number]
            if isinstance(message, Started):
                record.started = True
            elif isinstance(message, Rows):
                record.append(payload)
            else:
                record.ended = message
