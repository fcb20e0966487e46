"""The client image: Locust and what it needs from the lock file, and the traffic agent of this checkout."""

from __future__ import annotations

import hashlib
import platform
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gauntlet.build.cache import Say
from gauntlet.build.images import debian
from gauntlet.build.images.recipe import Recipe, scratch, step
from gauntlet.ground.ending import DIES_WITH_US
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError
from gauntlet.ground.paths import project_root

# glibc of the image's Debian; wheels for this one and older ones run there.
_NEWEST_GLIBC = 36
_OLDEST_GLIBC = 5
_PIP_S = 600.0
_HERE = Path(__file__).parent


def recipe(root: str, agnhost: Path, say: Say) -> Recipe:
    """The image's recipe, with its packages in the cache. `root` is the tag of `debian.CLIENT`.

    Raises EnvironmentUnfit and GauntletError if packages cannot be had.
    """
    names = needed_by("locust", debian.PYTHON)
    lock = locked((project_root() / "requirements.lock").read_text(encoding="utf-8"), names)
    package = project_root() / "gauntlet"
    return Recipe(
        "client",
        _HERE / "client.Dockerfile",
        {
            "agnhost": agnhost,
            "packages": _packages(lock, say),
            "gauntlet/__init__.py": package / "__init__.py",
            "gauntlet/traffic": package / "traffic",
        },
        {"CLIENT_ROOT": root, "PYTHON": debian.PYTHON},
    )


def needed_by(package: str, python: str) -> frozenset[str]:
    """Names of a package and of all it needs on Linux with this Python ("3.11"), as installed beside us.

    Raises EnvironmentUnfit if the package is not installed.
    """
    environment = {"python_version": python, "python_full_version": f"{python}.0", "extra": ""}
    found: set[str] = set()
    wanted = [package]
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in found:
            continue
        found.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            if name == canonicalize_name(package):
                raise EnvironmentUnfit(f"{package} is not installed", "make setup") from None
            continue
        asked = [Requirement(need) for need in needs]
        wanted += [each.name for each in asked if each.marker is None or each.marker.evaluate(environment)]
    return frozenset(found)


def locked(lock: str, names: frozenset[str]) -> str:
    """The entries of these packages in a lock file of pip's format, with their hashes.

    Raises GauntletError if one is missing.
    """
    entries = re.findall(r"(?m)^(?P<entry>(?P<name>[A-Za-z0-9._-]+)==.*\n(?:[ \t]+--hash.*\n)*)", lock)
    kept = [entry for entry, name in entries if canonicalize_name(name) in names]
    missing = names - {canonicalize_name(name) for _, name in entries}
    if missing:
        raise GauntletError(
            f"requirements.lock has no {', '.join(sorted(missing))}", "write it anew: CONTRIBUTING.md, Python packages"
        )
    return "".join(kept)


def _packages(lock: str, say: Say) -> Path:
    """A folder of the cache with these packages, as wheels for the image's Python unpack."""
    platforms = _platforms(platform.machine())
    digest = hashlib.sha256("\n".join((debian.PYTHON, platforms[0], lock)).encode()).hexdigest()[:16]
    folder = scratch() / f"packages-{digest}"
    if folder.is_dir():
        return folder
    with step("Locust and what it needs", say), tempfile.TemporaryDirectory(dir=scratch()) as made:
        wanted = Path(made) / "requirements.txt"
        wanted.write_text(lock, encoding="utf-8")
        part = Path(made) / "packages"
        argv = [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--no-compile"),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={debian.PYTHON}"),
            *(f"--platform={each}" for each in platforms),
            *("--target", str(part), "--requirement", str(wanted)),
        ]
        done = subprocess.run(
            [*DIES_WITH_US, *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PIP_S,
            check=False,
        )
        if done.returncode != 0:
            raise GauntletError(
                f"pip ended with {done.returncode}: {done.stderr.strip()[-1000:]}",
                "can pip reach its index? `pip download locust` tells",
            )
        part.rename(folder)
    return folder


def _platforms(machine: str) -> tuple[str, ...]:
    """Tags of the wheels that run in the image, newest first (PEP 600)."""
    return tuple(f"manylinux_2_{minor}_{machine}" for minor in range(_NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1))
