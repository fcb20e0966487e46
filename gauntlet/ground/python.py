"""This Python as a command for hosts that share this machine's file system."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from gauntlet.ground.paths import project_root

# Beside what the host gives its commands.
ENVIRONMENT = {"PYTHONPATH": str(project_root())}


def running(module: str, arguments: Sequence[str]) -> list[str]:
    """The command that runs a module of the gauntlet, in ENVIRONMENT."""
    # -P: a client's working directory is not a place to import from
    return [sys.executable, "-P", "-m", module, *arguments]
