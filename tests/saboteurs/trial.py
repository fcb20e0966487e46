"""A saboteur is tried: the real suites are run with it in the PATH of each kube-proxy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.paths import project_root
from gauntlet.report import results_file
from gauntlet.report.run_folder import LATEST_SELECTION
from tests.saboteurs.judgement import Judgement, judge
from tests.saboteurs.links import HOME
from tests.saboteurs.register.saboteur import Saboteur

FAILED = 1


def trial(saboteur: Saboteur, into: Path) -> tuple[Judgement, ...]:
    """Run its cases in all of its modes at once; results and evidence stay in `into`.

    Raises Inconclusive if the run did not fail as such: it passed, or there was an error on the way.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    times = into / "stopwatch.json"
    options = ["-n", str(len(saboteur.modes)), "--kp-modes", ",".join(saboteur.modes), "--kp-results", str(into)]
    watched = ["-p", "tests.saboteurs.stopwatch", "--stopwatch", str(times)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *saboteur.chosen, *options, *watched],
        cwd=project_root(),
        env={**os.environ, PROXY_PATH: str(HOME / saboteur.name)},
        capture_output=True,
        text=True,
        check=False,
    )
    (into / "pytest.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode != FAILED or not (into / LATEST_SELECTION).exists():
        raise Inconclusive(f"the run with {saboteur.name} ended with {done.returncode}", f"read {into}/pytest.txt")
    return judge(saboteur, results_file.load(into / LATEST_SELECTION), json.loads(times.read_text(encoding="utf-8")))
