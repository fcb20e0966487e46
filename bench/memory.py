"""The memory of a run: what each of its processes has in memory, shared pages in equal parts (PSS), summed up.

And of one process, what it ever had at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

KB_A_GIB = 1024**2


def pss_kb(rollup: str) -> int:
    """The proportional set size that /proc/PID/smaps_rollup gives, in kB; 0 of a process that has no memory."""
    return _kb("Pss", rollup)


class Peak:
    """The most memory that was seen at once."""

    def __init__(self) -> None:
        self._kb = 0

    def see(self, each_kb: Iterable[int]) -> None:
        """What the processes have now."""
        self._kb = max(self._kb, sum(each_kb))

    @property
    def gib(self) -> float:
        return self._kb / KB_A_GIB


def of_tree(root: int) -> list[int]:
    """The PSS of a process and of all below it, in kB, those in worlds of their own too. Those that end count 0."""
    sizes: list[int] = []
    with suppress(psutil.NoSuchProcess):
        top = psutil.Process(root)
        sizes = [pss_kb(_read(each.pid, "smaps_rollup")) for each in (top, *top.children(recursive=True))]
    return sizes


def largest_kb(pid: int) -> int:
    """The largest resident size that this process ever had; 0 if it has ended."""
    return _kb("VmHWM", _read(pid, "status"))


def _read(pid: int, name: str) -> str:
    """A file of a process in /proc; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _kb(key: str, text: str) -> int:
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{key}:")), 0)
