"""The memory of a run: what each of its processes has in memory, shared pages in equal parts (PSS), summed up."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

KB_A_GIB = 1024**2


def pss_kb(rollup: str) -> int:
    """The proportional set size that /proc/PID/smaps_rollup gives, in kB; 0 of a process that has no memory."""
    return next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)


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
        sizes = [_read(each.pid) for each in (top, *top.children(recursive=True))]
    return sizes


def _read(pid: int) -> int:
    try:
        return pss_kb(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"))
    except (FileNotFoundError, ProcessLookupError):
        return 0
