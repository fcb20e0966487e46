"""A process that stands in for a command in a pod: `python -m gauntlet.kube.pod_exec`, the errand in GAUNTLET_ERRAND.

Its streams and its exit code are those of the command, so that whoever started it has an ordinary child. It ends with
its parent, however that ends; the command then ends by its warden.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

from gauntlet.ground import python
from gauntlet.ground.errors import GauntletError
from gauntlet.kube import warden
from gauntlet.kube.exec_channel import STATUS, STDERR, STDOUT, Channel, Errand

# In the environment, which other users cannot read, as it holds what the API server is shown.
_ERRAND, _PARENT = "GAUNTLET_ERRAND", "GAUNTLET_PARENT"
_LOOK_EVERY_S = 1.0
_PIECE = 32768
BROKEN = 255


def start(
    errand: Errand,
    *,
    stdin: int | IO[str] | None,
    stdout: int | IO[str] | None,
    stderr: int | IO[str] | None,
) -> subprocess.Popen[str]:
    """Start a command in a pod, and return the process that stands in for it."""
    given = {_ERRAND: errand.to_json(), _PARENT: str(os.getpid())}
    return subprocess.Popen(
        python.running("gauntlet.kube.pod_exec", ()),
        env={**os.environ, **python.ENVIRONMENT, **given},
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=stdout,
        stderr=stderr,
        text=True,
        # Ctrl-C is for the run, which then ends what it started in order.
        start_new_session=True,
    )


def main() -> int:
    """Carry the errand out. The exit code is the command's, or BROKEN, with a word on stderr."""
    errand = Errand.from_json(os.environ.pop(_ERRAND))
    parent = int(os.environ.pop(_PARENT))
    try:
        channel = Channel(errand)
        try:
            return _carry(channel, parent)
        finally:
            channel.close()
    except GauntletError as error:
        sys.stderr.write(f"{error}\n")
        return BROKEN


def _carry(channel: Channel, parent: int) -> int:
    """Pass on what comes from either side until the command ends, or whoever wanted it does."""
    is_open = True
    while os.getppid() == parent:
        readable = channel.wait(_LOOK_EVERY_S, *([0] if is_open else []))
        if 0 in readable:
            piece = os.read(0, _PIECE)
            is_open = bool(piece)
            channel.send(warden.DATA if piece else warden.END, piece)
        if channel.fileno() in readable:
            stream, payload = channel.receive()
            if stream == STATUS:
                return int(payload)
            try:
                _write({STDOUT: 1, STDERR: 2}[stream], payload)
            except BrokenPipeError:
                return BROKEN
    return BROKEN


def _write(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


if __name__ == "__main__":
    sys.exit(main())
