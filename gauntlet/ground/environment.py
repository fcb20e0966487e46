"""What of the environment changes what a run tests: it is recorded, shown, and part of each command that repeats."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

# A folder whose programs stand before those that kube-proxy calls.
PROXY_PATH = "GAUNTLET_PROXY_PATH"
# "1": build every program, even if there are official releases of it.
FROM_SOURCE = "GAUNTLET_FROM_SOURCE"
# Where releases of Kubernetes and of etcd are downloaded from, instead of the official servers.
RELEASES, ETCD_RELEASES = "GAUNTLET_RELEASES", "GAUNTLET_ETCD_RELEASES"
# The Go that builds the programs under test; options that pytest adds to those of the command line.
_EVERYWHERE = (PROXY_PATH, FROM_SOURCE, RELEASES, ETCD_RELEASES, "GAUNTLET_GO", "PYTEST_ADDOPTS")


def of_run(more: Sequence[str]) -> dict[str, str]:
    """The variables that are set, of those that change what a run tests; `more` are those of its provider."""
    found = {name: value for name in (*_EVERYWHERE, *more) if (value := os.environ.get(name))}
    if PROXY_PATH in found:
        # A repeat may be started in another folder.
        found[PROXY_PATH] = str(Path(found[PROXY_PATH]).absolute())
    return found


def command_line(argv: list[str], environment: Mapping[str, str]) -> str:
    """A command as one types it, with these variables before it."""
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in environment.items()), shlex.join(argv)])
