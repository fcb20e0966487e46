"""This machine and this checkout in words, for figures that depend on them."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

from gauntlet.ground.paths import project_root


def machine() -> str:
    """Cores, memory, system and kernel: `2 cores, 24 GiB, Debian GNU/Linux 12 (bookworm), kernel 6.18.44`."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = Path("/etc/os-release").read_text(encoding="utf-8").partition('PRETTY_NAME="')[2].partition('"')[0]
    return f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {system}, kernel {platform.release()}"


def commit() -> str:
    """The commit of the checkout, with `-dirty` if files differ from it; empty if this is not a checkout of Git."""
    argv = ["git", "-C", str(project_root()), "describe", "--always", "--abbrev=12", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def short_commit(left_out: str) -> str:
    """The commit, short, with `+` if any file differs from it or is new but those that this pathspec leaves out.

    Those are what is being written: `:!docs`. Raises CalledProcessError outside a checkout of Git.
    """
    git = ("git", "-C", str(project_root()))
    head, changed = (
        subprocess.run([*git, *words], capture_output=True, text=True, check=True).stdout.strip()
        for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", ".", left_out))
    )
    return head + ("+" if changed else "")
