"""Where the gauntlet keeps things outside the checkout (XDG base directories)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gauntlet.ground.errors import EnvironmentUnfit

APPLICATION = "kube-proxy-gauntlet"
# PATH of commands on hosts of a sandbox. Ordinary users' own often lacks the sbin folders, where iptables and nft are.
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def cache_root() -> Path:
    """Things that can be made again: binaries. `$XDG_CACHE_HOME` or `~/.cache`."""
    return _base("XDG_CACHE_HOME", ".cache")


def state_root() -> Path:
    """Things that describe what is running: clusters and journals. `$XDG_STATE_HOME` or `~/.local/state`."""
    return _base("XDG_STATE_HOME", ".local/state")


def writable(folder: Path) -> Path:
    """A folder below one of the two above, made if it is missing. Raises EnvironmentUnfit if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unfit(folder, error) from error
    require_writable(folder)
    return folder


def require_writable(folder: Path) -> None:
    """Raises EnvironmentUnfit if this user cannot write in such a folder, or cannot make it. It is not made here."""
    try:
        nearest = next(each for each in (folder, *folder.parents) if each.exists())
        # It has no name: nothing is left, whatever happens.
        with tempfile.TemporaryFile(dir=nearest):
            return
    except OSError as error:
        raise _unfit(folder, error) from error


def _unfit(folder: Path, error: OSError) -> EnvironmentUnfit:
    variable = "XDG_STATE_HOME" if folder.is_relative_to(state_root()) else "XDG_CACHE_HOME"
    return EnvironmentUnfit(
        f"{folder} cannot be written: {error.strerror}", f"set {variable} to a folder that this user may write"
    )


def project_root() -> Path:
    """The checkout: the folder of suites/, experiments/, slos/ and toolchain/."""
    return Path(__file__).resolve().parents[2]


def experiment_names() -> frozenset[str]:
    """The names of all experiments: those of the files of experiments/."""
    return frozenset(path.stem for path in (project_root() / "experiments").glob("*.yaml"))


def _base(variable: str, default: str) -> Path:
    # One that is relative is to be ignored, as the specification has it: it would mean another one in each folder.
    chosen = Path(os.environ.get(variable, ""))
    return (chosen if chosen.is_absolute() else Path.home() / default) / APPLICATION
