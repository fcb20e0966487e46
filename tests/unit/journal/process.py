"""Another process of this machine, which does something and stays until it is ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gauntlet.ground.paths import project_root

HOLD = """
import sys
from gauntlet.ground.journal import lock
lock.take(*sys.argv[1:])
"""
_STAY = "\nprint('done', flush=True)\nsys.stdin.read()\n"


@contextmanager
def running(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that has run this script and goes on; `script` has to import sys. Killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", script + _STAY, *arguments],
        cwd=project_root(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        yield process
        process.kill()
