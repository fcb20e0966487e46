"""A whole run that is told to end in the middle of an experiment leaves nothing, however it was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from gauntlet.ground import ending
from gauntlet.ground.paths import APPLICATION, project_root
from gauntlet.ground.waiting import until
from tests import process_tree
from tests.cluster.sandbox.traces import mounts, namespaces, pinned

# In the background of a script, under nohup, in cron.
IGNORING = ("env", "--ignore-signal=INT", "--ignore-signal=HUP", "--")
MODES = ("iptables", "nftables")


@dataclass(frozen=True)
class Run:
    """A run with a worker and a cluster for each mode, in both of which a fault has landed."""

    process: subprocess.Popen[bytes]
    results: Path
    output: Path
    state: Path
    below: list[psutil.Process]
    namespaces: set[str]
    mounts: set[str]

    @property
    def pytest(self) -> psutil.Process:
        return psutil.Process(self.process.pid).children()[0]

    def kinds(self) -> list[str]:
        return [line for file in self.results.rglob("events.jsonl") for line in file.read_text().splitlines()]

    def await_end(self) -> None:
        """Nothing is left: no process of the run or its worlds, no namespace, no mount, no state of a cluster."""
        until(lambda: not psutil.wait_procs(self.below, timeout=0)[1], what="all processes ended", deadline_s=180)
        assert not self.namespaces & namespaces()
        assert not self.mounts & mounts()
        assert list(self.state.rglob("clusters/*")) == []


def landed(results: Path) -> int:
    return sum('"fault_landed"' in file.read_text() for file in results.rglob("events.jsonl"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    results, output = tmp_path / "results", tmp_path / "output"
    before = mounts()
    with output.open("wb") as printed:
        process = subprocess.Popen(
            [
                *(
                    *IGNORING,
                    str(Path(sys.executable).with_name("gauntlet")),
                    "run",
                    f"--modes={','.join(MODES)}",
                    f"--results={results}",
                ),
                *("--", "suites/chaos/test_partition.py", "-k", "test_node_cut_from_the_others_joins_again"),
            ],
            cwd=project_root(),
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "PYTEST_ADDOPTS": ""},
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    below: list[psutil.Process] = []
    try:
        until(
            lambda: landed(results) == len(MODES) or process.poll() is not None,
            what="a fault has landed in each cluster",
            deadline_s=240,
        )
        assert process.poll() is None, output.read_text()
        below = psutil.Process(process.pid).children(recursive=True)
        assert len(below) > 40, "two control planes, six nodes, agents"
        # A mount that somebody else makes now is not one of these: its device or its place is another.
        own_mounts = set[str]().union(*(mounts(each.pid) for each in below)) - before
        assert len(own_mounts) > 2 * 6, "each node has a /run and a /tmp of its own"
        with pinned(each.pid for each in below) as inside:
            assert len(inside) > 20
            yield Run(process, results, output, tmp_path / "state" / APPLICATION, below, inside, own_mounts)
    finally:
        # The worlds of the clusters end with it; their state is in `tmp_path`.
        process_tree.kill(process, below)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_run_that_is_told_to_end_leaves_nothing(run: Run, number: signal.Signals) -> None:
    run.process.send_signal(number)
    run.await_end()
    assert sum('"fault_heal_confirmed"' in line for line in run.kinds()) == len(MODES)


def test_pytest_that_is_told_to_end_in_an_experiment_ends_the_run(run: Run) -> None:
    run.pytest.terminate()
    run.await_end()
    assert sum('"fault_heal_confirmed"' in line for line in run.kinds()) == len(MODES)
    assert run.process.wait() == 1


def test_a_second_signal_leaves_nothing_either(run: Run) -> None:
    workers = run.pytest.children()
    assert len(workers) == len(MODES)
    # As long as they stand still the run cannot have ended in order: pytest waits for them.
    for worker in workers:
        worker.suspend()
    run.process.terminate()
    time.sleep(ending.SAME_REQUEST_S + 1)  # it counts from when pytest got the first one
    run.process.terminate()
    until(lambda: "ended at once" in run.output.read_text(), what="the second signal counts", deadline_s=60)
    for worker in workers:
        worker.resume()
    run.await_end()
    assert run.process.wait() == 1
