"""How long the gate takes, and how large its test processes get."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from gauntlet.ground.errors import Inconclusive


@dataclass(frozen=True)
class Gate:
    """`driver_rss_mb`: the largest resident size, in MB, that any of the pytest processes ever had."""

    gate_s: float
    driver_rss_mb: float


def gate(*modes: str) -> Gate:
    """Run the gate profile in these modes. Raises Inconclusive if it does not pass: a red gate's time says nothing."""
    with tempfile.TemporaryDirectory() as results:
        begun = time.monotonic()
        gauntlet = Path(sys.executable).with_name("gauntlet")
        command = [str(gauntlet), "run", "--profile", "gate", "--modes", ",".join(modes), "--results", results]
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        largest_kb = 0
        while run.poll() is None:
            largest_kb = max([largest_kb, *map(_peak_kb, _pytest_processes(run.pid))])
            time.sleep(0.5)  # how often to look
        if run.returncode != 0:
            raise Inconclusive(f"the gate ended with {run.returncode}", "run `make run` and read its report")
        if not (Path(results) / "latest" / "results.json").exists():
            raise Inconclusive("the gate left no results", "run `make run`")
        return Gate(time.monotonic() - begun, largest_kb / 1024)


def _pytest_processes(root: int) -> Iterator[int]:
    """The process of pytest below `root`, and its workers."""
    for process in psutil.Process(root).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            command = " ".join(process.cmdline())
            # Workers of pytest-xdist are started by execnet with `python -c` and read their code from a pipe.
            if "pytest" in command or "sys.stdin.readline" in command:
                yield process.pid


def _peak_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
