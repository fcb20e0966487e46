"""The worlds that run on this machine, by the command lines of their processes."""

from __future__ import annotations

import json
from pathlib import Path

# The program that is a world's first process; the spec of the world is the word after it.
INIT = "gauntlet.providers.sandbox.init"


def unshares(folder: Path) -> list[int]:
    """The processes of unshare(1) that hold a world with this state folder: one, or none."""
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal() and _state_of(each) == folder]


def _state_of(process: Path) -> Path | None:
    """The state folder of the world that a process holds; None of any other process."""
    try:
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    if words[0] != "unshare" or INIT not in words:
        return None
    return Path(json.loads(words[words.index(INIT) + 1])["state_dir"])
