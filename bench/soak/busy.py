"""Processes that keep every processor busy, for as long as a block lasts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from gauntlet.ground.ending import DIES_WITH_US

_SPIN = "while True: pass"


@contextmanager
def kept_busy(processors: int) -> Iterator[None]:
    """As many processes as this compute without a pause. They end with the block, and with this process."""
    spinning = [subprocess.Popen([*DIES_WITH_US, sys.executable, "-c", _SPIN]) for _ in range(processors)]
    try:
        yield
    finally:
        for each in spinning:
            each.kill()
            each.wait()


class Meter:
    """How many processors were at work, on the average, since this was made."""

    def __init__(self) -> None:
        self.cores = os.cpu_count() or 1
        self._begun = psutil.cpu_times()

    def busy(self) -> float:
        now = psutil.cpu_times()
        total = sum(now) - sum(self._begun)
        idle = now.idle - self._begun.idle + now.iowait - self._begun.iowait
        return round(self.cores * (1 - idle / total), 2) if total else 0.0
