"""The process that makes a report: the charts need more memory than the whole run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gauntlet.ground.ending import DIES_WITH_US

TIMEOUT_S = 120.0


def make(run: Path) -> str | None:
    """Make and publish the report of a run's folder there. Returns what went wrong, None if nothing did."""
    try:
        done = subprocess.run(
            [*DIES_WITH_US, sys.executable, "-m", "gauntlet.report", str(run)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the report was not made within {TIMEOUT_S:g} s; try `gauntlet report {run}`"
    if done.returncode != 0:
        return f"no report was made: {done.stderr.strip() or done.stdout.strip()}"
    return None
