"""The client image holds the traffic package alone: the agent must need nothing else of the gauntlet."""

from __future__ import annotations

import subprocess
import sys

import pytest

_LISTED = "import importlib, sys; importlib.import_module(sys.argv[1]); print(*(m for m in sys.modules))"


@pytest.mark.parametrize(
    "module", ["gauntlet.traffic.agent", "gauntlet.traffic.holder", "gauntlet.traffic.sctp_server"]
)
def test_imports_of_what_runs_in_the_image(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", _LISTED, module], capture_output=True, text=True, check=True)
    ours = {name for name in done.stdout.split() if name.partition(".")[0] == "gauntlet"}

    assert {name for name in ours if not f"{name}.".startswith("gauntlet.traffic.")} == {"gauntlet"}
