"""Standard output whose reader may go away (`gauntlet run | head`, a closed terminal): the run then ends in order."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from contextlib import suppress


class _Pipe(io.FileIO):
    """A descriptor that takes everything. At the first that nobody can read any more, the process is told to end."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._told = False

    def write(self, data: object, /) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError as error:
            # Of a terminal that is gone, it is EIO.
            if error.errno not in (errno.EPIPE, errno.EIO):
                raise
            if not self._told:
                self._told = True
                with suppress(OSError):  # nobody may read this either
                    os.write(2, b"nobody reads the output any more: the run ends\n")
                # As a terminal does that is closed (gauntlet.ground.ending).
                signal.raise_signal(signal.SIGHUP)
            return memoryview(data).nbytes  # type: ignore[arg-type]


def outlive_readers() -> None:
    """Let standard output and standard error of this process take what nobody reads.

    Needs gauntlet.ground.ending.obey.
    """
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        before: io.TextIOWrapper = getattr(sys, name)
        pipe = io.BufferedWriter(_Pipe(descriptor))
        setattr(
            sys,
            name,
            io.TextIOWrapper(pipe, before.encoding, before.errors, line_buffering=before.line_buffering),
        )
