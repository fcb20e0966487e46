"""What a process has started: found by name, and ended by a test that must leave nothing, also if its set-up fails."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import psutil


def named(name: str, pid: int) -> list[psutil.Process]:
    """Those of this name below this process. Others may end meanwhile: a cluster runs many that are soon over."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name() == name:
                found.append(process)
    return found


def words(processes: Iterable[psutil.Process]) -> list[str]:
    """All words of their command lines, of those that have not ended meanwhile."""
    found: list[str] = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            found += process.cmdline()
    return found


def kill(process: subprocess.Popen[Any], known: Sequence[psutil.Process] = ()) -> None:
    """Kill `process`, what is below it now, and what is `known` to have been there; of the latter some may be gone."""
    # A process that was not waited for keeps its number, so that its children are those of no other.
    below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.kill()
    for each in (*below, *known):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
