"""Where the gauntlet keeps things outside the checkout (XDG base directories)."""

from __future__ import annotations

import os
from pathlib import Path

APPLICATION = "kube-proxy-gauntlet"
# PATH of commands on hosts of a sandbox. Ordinary users' own often lacks the sbin folders, where iptables and nft are.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def cache_root() -> Path:
    """Things that can be made again: binaries. `$XDG_CACHE_HOME` or `~/.cache`."""
    return _base("XDG_CACHE_HOME", ".cache")


def state_root() -> Path:
    """Things that describe what is running: clusters and journals. `$XDG_STATE_HOME` or `~/.local/state`."""
    return _base("XDG_STATE_HOME", ".local/state")


def project_root() -> Path:
    """The checkout: the folder of suites/, experiments/, slos/ and toolchain/."""
    return Path(__file__).resolve().parent.parent


def _base(variable: str, default: str) -> Path:
    chosen = os.environ.get(variable)
    return (Path(chosen) if chosen else Path.home() / default) / APPLICATION
