"""Go commands: nothing of the user's settings changes what they do, and none outlives its gauntlet."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PROGRESS_EVERY_S = 15.0
# What Go says if the network does not let it fetch a module.
UNREACHABLE = re.compile(r"dial tcp|no such host|i/o timeout|connection refused|TLS handshake|proxyconnect")
UNREACHABLE_REMEDY = (
    "check the network and `go env GOPROXY`; what was fetched is kept, so the next try goes on from there"
)

# GOTOOLCHAIN: no other Go than the one that is part of the cache key.
# GOFLAGS: nothing of the user's changes the result.
SETTINGS: Mapping[str, str] = {
    "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOTOOLCHAIN": "local",
}  # fmt: skip

# Without setpriv a build would go on for minutes after its gauntlet was killed. TERM: Go then ends its compilers, too.
_GUARD = ("setpriv", "--pdeathsig", "TERM", "--")


def environment(settings: Mapping[str, str] = SETTINGS) -> dict[str, str]:
    """That of this process, with these settings, and without what would have Go build for another machine."""
    kept = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOBIN", "PWD"}}
    return {**kept, **settings}


def run(
    argv: Sequence[str],
    folder: Path,
    *,
    settings: Mapping[str, str] = SETTINGS,
    timeout_s: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command of Go to its end. Raises TimeoutExpired of subprocess if it takes longer than `timeout_s`."""
    return subprocess.run(
        [*_GUARD, *argv],
        cwd=folder,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def follow(
    argv: Sequence[str],
    folder: Path,
    hear: Callable[[str], None],
    *,
    settings: Mapping[str, str] = SETTINGS,
) -> int:
    """Run a command of Go that takes long, and let `hear` have each line of its standard error. Returns its exit code.

    What `hear` raises ends the command.
    """
    with subprocess.Popen(
        [*_GUARD, *argv],
        cwd=folder,
        env=environment(settings),
        text=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                hear(line)
        except BaseException:
            process.terminate()
            raise
    return process.returncode
