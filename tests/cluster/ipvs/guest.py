"""Boots an own-kernel guest (User-Mode Linux) in namespaces of its own, for one run of guest_init.py."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from gauntlet.ground.family import Family
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.providers.sandbox import uml, world, xstate
from gauntlet.proxy.ipvs import inspection
from gauntlet.proxy.rules import ipvs as rules

MISSING = (
    "" if uml.is_installed() and shutil.which("ipvsadm", path=SYSTEM_PATH) else "needs user-mode-linux and ipvsadm"
)
_GUEST = (
    *("mem=512M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "rw", "con=null", "con0=null,fd:1", "quiet"),
)


def listings(folder: Path, *, deadline_s: float = 120.0) -> Path:
    """Boot the guest, let it write its listings into `folder`, and return that. Fails with the guest's own error."""
    folder.mkdir(parents=True, exist_ok=True)
    tree = folder / "modules" / "lib"
    tree.mkdir(parents=True)
    kernel = uml.kernel()
    (tree / "modules").symlink_to(kernel.modules)
    script = Path(__file__).with_name("guest_init.py")
    commands = {"inspection": inspection.command(inspection.FILES), "rules": rules.COMMANDS[Family.IPV4]}
    init = folder / "init"
    argv = (sys.executable, "-I", str(script), str(folder), str(tree.parent), json.dumps(commands))
    init.write_text(f"#!/bin/sh\nexec {shlex.join(argv)}\n")
    init.chmod(0o755)
    done = subprocess.run(
        ["unshare", *world.USER_WORLD, str(kernel.program), *_GUEST, f"init={init}"],
        env={**os.environ, "PATH": SYSTEM_PATH, **xstate.environment()}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=deadline_s, check=False,
    )  # fmt: skip
    error = folder / "error.txt"
    assert not error.exists(), error.read_text()
    assert (folder / "refusals.json").exists(), f"the guest wrote nothing ({done.returncode}): {done.stdout[-2000:]}"
    return folder
