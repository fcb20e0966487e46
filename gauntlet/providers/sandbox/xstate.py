"""Lets User-Mode Linux run on processors with AMX, whose registers take more room than it has for them.

See xstate.c, and decision 9.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from gauntlet.ground import paths
from gauntlet.ground.errors import GauntletError

LIBRARY = "xstate.so"
COMPILER = "gcc"
_SOURCE = Path(__file__).with_name("xstate.c")
_COMMAND = (COMPILER, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-nostdlib")


def is_needed(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor has a component of the extended state that lies behind the room of User-Mode Linux."""
    flags = next((line for line in cpuinfo.read_text(encoding="utf-8").splitlines() if line.startswith("flags")), "")
    return "amx_tile" in flags.split()


def ensure() -> Path:
    """The library, in the cache; compiled first if it is not there. Raises GauntletError if that fails."""
    digest = hashlib.sha256(_SOURCE.read_bytes() + "\0".join(_COMMAND).encode()).hexdigest()[:16]
    library = paths.cache_root() / f"xstate-{digest}.so"
    if library.exists():
        return library
    with tempfile.TemporaryDirectory(dir=paths.writable(library.parent)) as scratch:
        made = Path(scratch, LIBRARY)
        done = subprocess.run([*_COMMAND, "-o", made, _SOURCE], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise GauntletError(
                f"{COMPILER} cannot compile {_SOURCE}, which nodes with a kernel of their own need on a processor "
                f"with AMX: {done.stderr.strip()}",
                f"sudo apt-get install --yes --reinstall {COMPILER}",
            )
        made.replace(library)
    return library


def environment() -> Mapping[str, str]:
    """What to add to the environment of User-Mode Linux on this machine. Raises GauntletError as `ensure` does."""
    return {"LD_PRELOAD": str(ensure())} if is_needed() else {}


def environment_in(folder: Path) -> Mapping[str, str]:
    """The same in a world, where the library lies in this folder if it is needed."""
    library = folder / LIBRARY
    return {"LD_PRELOAD": str(library)} if library.exists() else {}
