"""What a watch costs: how much of a core a client takes, and whether a row of its traffic is lost."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.profile_run import GAUNTLET, run_in
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, EventLog, History
from gauntlet.providers import ClusterSpec, provider
from gauntlet.report import results_file
from gauntlet.subject import plain
from gauntlet.traffic.evidence import EVENTS, FOLDER
from gauntlet.upgrade.watch.course import CHANGE
from gauntlet.upgrade.watch.stream import ROWS
from gauntlet.upgrade.watch.watching import NAME

# The promise is for a client at this rate. One of a watch asks more often: what it takes then is no less.
PROMISED_RATE_PER_S = 50.0
DEFAULT_S = 60.0
_BEGINS_WITHIN_S = 180.0
_ENDS_WITHIN_S = 180.0
_AGENT = "gauntlet.traffic.agent"


@dataclass(frozen=True)
class Watching:
    """`core_share_percent` is of the client that takes most; `rate_per_s` of the one that asks least.

    `lost` counts rows, of `made`.
    """

    core_share_percent: float
    rate_per_s: float
    made: int
    lost: int


@dataclass(frozen=True)
class Reading:
    """Processor time that each agent has used until then, in seconds, by its process id."""

    at_ns: int
    used_s: Mapping[int, float]


def watching(for_s: float) -> Watching:
    """Watch a cluster of three nodes for so long. Raises Inconclusive if the watch says nothing of its clients."""
    source = provider("sandbox")
    cluster = source.create(ClusterSpec(f"bench-watch-{os.getpid()}", plain(ProxyMode.NFTABLES)))
    try:
        with tempfile.TemporaryDirectory() as name:
            return _watched(cluster.kubeconfig, for_s, Path(name) / "results")
    finally:
        source.delete(cluster.name)


def core_share_percent(first: Reading, last: Reading, rate_per_s: float) -> float:
    """How much of a core the agent takes that takes most. All agents attempt `rate_per_s` or more.

    Raises Inconclusive if that is less than promised, or if none is there from the first reading to the last.
    """
    passed_s = (last.at_ns - first.at_ns) / 1e9
    used_s = [last.used_s[pid] - first.used_s[pid] for pid in first.used_s.keys() & last.used_s.keys()]
    if not used_s or rate_per_s < PROMISED_RATE_PER_S:
        raise Inconclusive(
            f"{len(used_s)} clients of the watch sent all the time, {rate_per_s:.0f} attempts a second or more",
            f"it is to be {PROMISED_RATE_PER_S:g} or more: run it again while the machine has nothing else to do",
        )
    return 100 * max(used_s) / passed_s


def _watched(kubeconfig: Path, for_s: float, results: Path) -> Watching:
    # Client pods alone: every agent is one of theirs.
    argv = [GAUNTLET, "watch", f"--kubeconfig={kubeconfig}", "--unprivileged", f"--for={for_s:g}s"]
    process = subprocess.Popen([*argv, f"--results={results}"], stdout=subprocess.DEVNULL)
    try:
        _await_change(results, process)
        first = _read(process.pid)
        time.sleep(0.9 * for_s)
        last = _read(process.pid)
        process.wait(0.1 * for_s + _ENDS_WITHIN_S)
    finally:
        process.kill()
        process.wait()
    made = run_in(results)
    history = History.load(made / FOLDER / NAME)
    between = history.attempts.filter(pl.col("at_ns").is_between(first.at_ns, last.at_ns))
    rates = [part.height / (last.at_ns - first.at_ns) * 1e9 for part in between.partition_by("client")]
    rate_per_s = min(rates, default=0.0)
    found = next((each for each in results_file.load(made).findings if each.check == ROWS), None)
    if found is None or found.figure is None:
        raise Inconclusive("the watch does not say how many rows arrived", "run it by hand and read what it says")
    return Watching(
        round(core_share_percent(first, last, rate_per_s), 2), rate_per_s, history.attempts.height, int(found.figure)
    )


def _await_change(results: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the watch has begun for good."""
    deadline_s = time.monotonic() + _BEGINS_WITHIN_S
    while not any(_started(each) for each in _events(results)):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise Inconclusive("the watch did not begin", "run `gauntlet watch` and read what it says")
        time.sleep(0.2)


def _started(event: Mapping[str, object]) -> bool:
    return (event["kind"], event["subject"]) == (EventKind.PHASE_STARTED, CHANGE.name)


def _events(results: Path) -> Iterator[Mapping[str, object]]:
    for file in results.glob(f"*/{FOLDER}/{NAME}/{EVENTS}"):
        yield from EventLog(file).read().iter_rows(named=True)


def _read(root: int) -> Reading:
    used_s = {}
    for process in psutil.Process(root).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if _AGENT in process.cmdline():
                times = process.cpu_times()
                used_s[process.pid] = times.user + times.system
    return Reading(time.time_ns(), used_s)
