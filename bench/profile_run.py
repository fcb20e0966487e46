"""How long a profile takes, and how large its test processes get."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from bench.memory import Peak, largest_kb, of_tree
from gauntlet.ground.errors import Inconclusive
from gauntlet.report import results_file
from gauntlet.report.results import Results

GAUNTLET = str(Path(sys.executable).with_name("gauntlet"))
PASSED, FAILED = 0, 1
# To look at a hundred processes takes some tens of milliseconds of a processor.
PEAK_EVERY_S = 2.0
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class ProfileRun:
    """`took_s` from the start of the command to its end.

    `driver_rss_mb`: the largest resident size, in MB, that any of the pytest processes ever had. `peak_gib`: the most
    that all processes of the run had in memory at once, of those moments at which that was looked at.
    """

    took_s: float
    driver_rss_mb: float
    peak_gib: float
    results: Results


def run(
    profile: str, modes: Sequence[str], *, code: int = PASSED, environment: Mapping[str, str] = _NOTHING
) -> ProfileRun:
    """Run this profile in these modes. Raises Inconclusive if it does not end with `code`: its time says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        command = [GAUNTLET, "run", "--profile", profile, "--modes", ",".join(modes), "--results", folder]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **environment})
        rss_kb, peak, look_at = 0, Peak(), begun
        while started.poll() is None:
            rss_kb = max([rss_kb, *map(largest_kb, _pytest_processes(started.pid))])
            if time.monotonic() >= look_at:
                peak.see(of_tree(started.pid))
                look_at = time.monotonic() + PEAK_EVERY_S
            time.sleep(0.5)  # how often to look
        took_s = time.monotonic() - begun
        if started.returncode != code:
            raise Inconclusive(
                f"the profile {profile} in {' and '.join(modes)} mode ended with {started.returncode}, not {code}",
                f"run `{' '.join(command[:-2])}` and read its report",
            )
        return ProfileRun(took_s, rss_kb / 1024, peak.gib, results_in(Path(folder)))


def results_in(folder: Path) -> Results:
    """The results of the one run whose results went into this folder."""
    return results_file.load(run_in(folder))


def run_in(folder: Path) -> Path:
    """The folder of the one run whose results went into this folder, which has a link to the latest beside it."""
    (made,) = (each for each in folder.iterdir() if not each.is_symlink())
    return made


def _pytest_processes(root: int) -> Iterator[int]:
    """The process of pytest below `root`, and its workers."""
    for process in psutil.Process(root).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            command = " ".join(process.cmdline())
            # Workers of pytest-xdist are started by execnet with `python -c` and read their code from a pipe.
            if "pytest" in command or "sys.stdin.readline" in command:
                yield process.pid
