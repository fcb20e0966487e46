"""Runs of `gauntlet watch` on real clusters."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.finding import Verdict
from gauntlet.kube.api import Api
from gauntlet.providers.existing import marker
from gauntlet.report.results import Results
from gauntlet.report.results_file import load
from gauntlet.report.watch_record import WatchRecord
from tests.cluster.upgrade.upgrading import GAUNTLET, chosen, results_folder

WITHIN_S = 300


@dataclass(frozen=True)
class Watched:
    """What a run of the command said and left."""

    code: int
    output: str
    results: Results

    @property
    def watch(self) -> WatchRecord:
        assert self.results.watch is not None
        return self.results.watch

    @property
    def answer(self) -> str:
        assert self.results.upgrade is not None
        return self.results.upgrade.answer

    @property
    def failed(self) -> set[str]:
        return {each.check for each in self.results.findings if each.verdict is Verdict.FAIL}

    def verdict(self, phase: str, check: str) -> Verdict:
        """What a check came to in a phase."""
        (found,) = (each for each in self.results.findings if (each.case, each.check) == (f"upgrade::{phase}", check))
        return found.verdict

    def nodes_of(self, kind: str) -> set[str | None]:
        """The nodes on which this happened."""
        return {each.node for each in self.watch.events if each.kind == kind}


def start(
    cluster: Cluster,
    tmp_path: Path,
    *rest: str,
    environment: Mapping[str, str] | None = None,
    terminal: int | None = None,
) -> subprocess.Popen[str]:
    """Start it; on this terminal, which is then its own, or with pipes."""
    way = () if terminal is None else ("setsid", "--ctty")
    return subprocess.Popen(
        [*way, GAUNTLET, "watch", f"--kubeconfig={cluster.kubeconfig}", *chosen(tmp_path), *rest],
        env={**os.environ, **(environment or {})},
        stdin=terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str], cluster: Cluster, tmp_path: Path) -> Watched:
    """Wait for its end. It has left nothing in the cluster then."""
    output = process.communicate(timeout=WITHIN_S)[0] or ""
    left = [each.metadata.name for each in marker.own(Api(cluster.api))]
    assert not [name for name in left if name.startswith("kp-watch-")]
    return Watched(process.returncode, output, load(results_folder(tmp_path)))
