"""A saboteur is tried: the real suites are run with it in the PATH of each kube-proxy."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.machine import short_commit
from gauntlet.ground.paths import project_root
from gauntlet.report import results_file
from gauntlet.report.results import Results
from gauntlet.report.run_folder import LATEST_SELECTION
from tests.saboteurs.judgement import Judgement, judge
from tests.saboteurs.links import HOME
from tests.saboteurs.register.saboteur import Saboteur

FAILED = 1


def of_now() -> str:
    """The day and the commit, as pages have them of a run."""
    return f"{datetime.datetime.now(datetime.UTC).date()}, {short_commit(':!docs')}"


def trial(saboteur: Saboteur, into: Path) -> tuple[Judgement, ...]:
    """Run its cases in all of its modes at once; results and evidence stay in `into`.

    Raises Inconclusive if the run did not fail as such: it passed, or there was an error on the way.
    """
    return judge(saboteur, *run(saboteur.name, saboteur.chosen, saboteur.modes, into))


def run(
    saboteur: str, cases: Sequence[str], modes: Sequence[ProxyMode], into: Path
) -> tuple[Results, Mapping[str, float]]:
    """Run these cases with a saboteur: results, which also stay in `into`, and when each node id reported, in seconds.

    Raises Inconclusive if the run did not fail as such: it passed, or there was an error on the way.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    times = into / "stopwatch.json"
    options = ["-n", str(len(modes)), "--kp-modes", ",".join(modes), "--kp-results", str(into)]
    watched = ["-p", "tests.saboteurs.stopwatch", "--stopwatch", str(times)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *cases, *options, *watched],
        cwd=project_root(),
        env={**os.environ, PROXY_PATH: str(HOME / saboteur)},
        capture_output=True,
        text=True,
        check=False,
    )
    (into / "pytest.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != FAILED or not (into / LATEST_SELECTION).exists():
        raise Inconclusive(f"the run with {saboteur} ended with {done.returncode}", f"read {into}/pytest.txt")
    return results_file.load(into / LATEST_SELECTION), json.loads(times.read_text(encoding="utf-8"))
