"""The command that is watched: somebody else's change, in a process group of its own, with its output in a file.

A file rather than a pipe: a watch that is killed does not take the change with it half-way.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gauntlet.ground import ending
from gauntlet.ground.errors import UsageError
from gauntlet.ground.waiting import NotInTime, until

OUTPUT = "command.log"
# How long it may take to end after each signal, the gentlest first.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
_GRACE_S = 10.0


def require(argv: Sequence[str]) -> None:
    """Raises UsageError if there is no such program: then nothing was made in the cluster."""
    if argv and shutil.which(argv[0]) is None:
        raise UsageError(
            f"there is no command {argv[0]!r}", "give a program and its arguments after --; no shell is in between"
        )


class Command:
    """One run of a command, from when it is made. `started_s` is by time.monotonic()."""

    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        """Start it. Raises UsageError if that cannot be done."""
        self.argv = tuple(argv)
        self.output = folder / OUTPUT
        self.started_s = time.monotonic()
        with self.output.open("wb") as file:
            try:
                self._process = subprocess.Popen(
                    self.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C at the terminal is for the watch, which ends the command and judges what it saw.
                    start_new_session=True,
                )
            except OSError as error:
                raise UsageError(f"{argv[0]} cannot be started: {error.strerror}", "is it a program?") from None
        self._read = 0
        self._forget = ending.at_once(self._say_that_it_goes_on)

    @property
    def code(self) -> int | None:
        """Its exit code, as a shell has it (128 and the number of the signal that ended it); None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def lines(self) -> list[str]:
        """What it has said since the last call, in whole lines; the rest too once it has ended."""
        ended = self.code is not None
        with self.output.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        upto = len(new) if ended else new.rfind(b"\n") + 1
        self._read += upto
        return new[:upto].decode("utf-8", "replace").splitlines()

    def end(self) -> str:
        """End it with all that is in its group: SIGINT, then SIGTERM, then SIGKILL.

        Without effect on one that has ended by itself: what that left running is meant to run. Returns what is to be
        said of what could not be ended, as it runs as another user (sudo(8)); empty if there is nothing.
        """
        left = "" if self.code is not None else self._told_to_end()
        self._forget()
        return left

    def _told_to_end(self) -> str:
        for number in _SIGNALS:
            try:
                with suppress(ProcessLookupError):  # it ended in this moment
                    os.killpg(self._process.pid, number)
            except PermissionError:
                return f", but what runs as another user goes on: ps -s {self._process.pid}"
            try:
                until(self._is_over, what="the command and what it started ended", deadline_s=_GRACE_S)
            except NotInTime:
                continue
            break
        return ""

    def _say_that_it_goes_on(self) -> None:
        """Done if this process ends at once: what is somebody's change is not killed half-way."""
        if self.code is None:
            os.write(2, f"the command goes on, or is about to end: kill -- -{self._process.pid}\n".encode())

    def _is_over(self) -> bool:
        """Whether nobody of its group is left."""
        if self.code is None:
            return False
        try:
            with suppress(PermissionError):  # somebody else's is left
                os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return True
        return False
