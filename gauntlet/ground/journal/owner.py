"""The process that something belongs to, and whether it still runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_LONGEST_COMMAND = 160
# Fields of proc(5) stat, counted from the one after the name of the program.
_STATE, _PARENT, _STARTED = 0, 1, 19


@dataclass(frozen=True)
class Owner:
    """A process of this machine. Its id alone is not enough: ids are used again.

    `started` is its start in clock ticks since the boot that has the id `boot`; `command` is for people.
    """

    pid: int
    started: str
    boot: str
    command: str = ""

    @classmethod
    def me(cls) -> Owner:
        """This process."""
        pid = os.getpid()
        return cls(pid, start_time(pid) or "", _boot(), _command(pid))

    @property
    def lives(self) -> bool:
        return self.boot == _boot() and start_time(self.pid) == self.started

    @property
    def is_me(self) -> bool:
        return self.pid == os.getpid() and self.lives

    @property
    def started_me(self) -> bool:
        """Whether it is this process, or one that this one descends from."""
        return self.lives and self.pid in _line(os.getpid())

    def __str__(self) -> str:
        if not self.pid:
            return "a process that did not leave its name"
        return f"process {self.pid}" + (f" ({self.command})" if self.command else "")


# Holds a cluster, but has not written (or could not write) who it is.
UNKNOWN = Owner(0, "", "")


def start_time(pid: int) -> str | None:
    """When a process started, in clock ticks since boot (field 22 of proc(5) stat); None if it is gone or a zombie."""
    fields = _stat(pid)
    return None if not fields or fields[_STATE] in {"Z", "X"} else fields[_STARTED]


def parent(pid: int) -> int:
    """The process that started this one; 0 if it is gone, or its parent is outside of what this process sees."""
    fields = _stat(pid)
    return int(fields[_PARENT]) if fields else 0


def _line(pid: int) -> Iterator[int]:
    """A process, the one that started it, the one that started that, and so on."""
    while pid:
        yield pid
        pid = parent(pid)


def _stat(pid: int) -> list[str]:
    try:
        # The name of a program is cut after 15 bytes, in the middle of a letter if need be.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return stat.rpartition(")")[2].split()


def _boot() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()


def _command(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    line = " ".join(" ".join([Path(words[0]).name, *words[1:]]).split())
    return line if len(line) <= _LONGEST_COMMAND else line[: _LONGEST_COMMAND - 1] + "…"
