"""What `toolchain/` pins (Go modules), and the Go that can build it."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from gauntlet.build import gomod
from gauntlet.ground import paths
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.ground.version import Release, numbers

GO_REMEDY = "`make setup` puts a Go into .venv/bin; or install one and put it first in PATH (or name it in GAUNTLET_GO)"

_MINOR = re.compile(r"\d+\.\d+")
_ETCD = "go.etcd.io/etcd/server/v3"  # go build would call it "server"
_API_SERVER = "kube-apiserver"


@dataclass(frozen=True)
class Tool:
    """One program: the name it gets, the Go package it is built from, the version of that package's module."""

    name: str
    package: str
    version: str

    @property
    def go_name(self) -> str:
        """What `go build` calls the program: the last element of its path that is no version."""
        parts = self.package.split("/")
        return parts[-2] if re.fullmatch(r"v\d+", parts[-1]) else parts[-1]


@dataclass(frozen=True)
class GoModule:
    """One folder below `toolchain/`: a go.mod with `tool` lines, and the go.sum that verifies it."""

    folder: Path
    go: Release
    tools: tuple[Tool, ...]
    part: str = ""  # names the tools if they are not all of them

    @property
    def name(self) -> str:
        if self.part:
            return self.part
        return "kubernetes" if _MINOR.fullmatch(self.folder.name) else self.folder.name

    @property
    def version(self) -> str:
        """Version of what the module pins, without the `v`: `1.37.2`."""
        return self.tools[0].version.removeprefix("v")

    @property
    def has_control_plane(self) -> bool:
        return any(tool.name == _API_SERVER for tool in self.tools)

    @classmethod
    def read(cls, folder: Path) -> GoModule:
        """Read `folder/go.mod`. Raises UsageError if it is missing or pins no tool."""
        file = folder / "go.mod"
        if not file.is_file():
            raise UsageError(f"{file} is missing", "restore the folder: git checkout -- toolchain")
        directives = tuple(gomod.directives(file.read_text(encoding="utf-8")))
        required = {words[0]: words[1] for verb, words in directives if verb == "require" and len(words) > 1}
        packages = [words[0] for verb, words in directives if verb == "tool"]
        releases = [numbers(words[0]) for verb, words in directives if verb == "go"]
        if not packages or not any(releases):
            raise UsageError(f"{file} has no `tool` or no `go` line", "see CONTRIBUTING.md, a new Kubernetes version")
        return cls(folder, releases[0], tuple(_tool(package, required) for package in packages))


@dataclass(frozen=True)
class Go:
    """A Go command that runs here. `banner` is what `go version` says: release, system and architecture."""

    path: Path
    release: Release
    banner: str


def toolchain_root() -> Path:
    return paths.project_root() / "toolchain"


def versions(root: Path) -> tuple[str, ...]:
    """The Kubernetes minor versions that are pinned, oldest first."""
    minors = (entry.name for entry in root.iterdir() if _MINOR.fullmatch(entry.name))
    return tuple(sorted(minors, key=numbers))


def pinned_minor(version: str, root: Path) -> str:
    """The minor version that a version means: `1.37`, or `1.37.2` and `v1.37.2` if that is the release pinned for it.

    Raises UsageError, with what is pinned, for a version that is not.
    """
    bare = version.removeprefix("v")
    pinned = {minor: GoModule.read(root / minor).version for minor in versions(root)}
    found = next((minor for minor, release in pinned.items() if bare in (minor, release)), None)
    if found is None:
        known = ", ".join(f"{minor} ({release})" for minor, release in pinned.items())
        raise UsageError(f"Kubernetes {bare} is not pinned", f"choose one of {known}, or {_adding(bare, pinned)}")
    return found


def modules(version: str, root: Path) -> tuple[GoModule, ...]:
    """The modules that make up one Kubernetes version: its own, etcd, and the control plane for its kube-proxy.

    A module that pins kube-proxy alone (1.25) is followed by the newest one that pins a control plane.
    Raises UsageError for a version that is not pinned.
    """
    known = versions(root)
    if version not in known:
        raise UsageError(
            f"Kubernetes {version} is not pinned", f"choose one of {', '.join(known)}, or {_adding(version, known)}"
        )
    own = GoModule.read(root / version)
    newest_first = (GoModule.read(root / each) for each in reversed(known))
    others = () if own.has_control_plane else (each for each in newest_first if each.has_control_plane)
    etcd = (GoModule.read(root / "etcd"),) if (root / "etcd").is_dir() else ()
    return (own, *itertools.islice(others, 1), *etcd)


def control_plane_of(found: Sequence[GoModule]) -> GoModule:
    """Which of the modules of one version brings the control plane; its own if none does."""
    return next((module for module in found if module.has_control_plane), found[0])


def find_go(at_least: Release) -> Go:
    """The first Go that is new enough: `$GAUNTLET_GO`, then PATH, then this Python's own `bin` folder.

    Raises EnvironmentUnfit, with what was found, where there is none.
    """
    wanted = ".".join(map(str, at_least))
    seen: list[str] = []
    for candidate in _go_candidates():
        try:
            said = _version(candidate, candidate.stat().st_mtime_ns)
        except (OSError, subprocess.TimeoutExpired) as error:
            seen.append(f"{candidate} does not run ({error})")
            continue
        found = re.search(r"\bgo(\d+(?:\.\d+)*)", said.stdout)
        if said.returncode != 0 or found is None:
            seen.append(f"{candidate} does not work: {(said.stderr or said.stdout).strip() or 'no output'}")
            continue
        release = numbers(found[1])
        if release >= at_least:
            return Go(candidate, release, said.stdout.strip())
        seen.append(f"{candidate} is Go {found[1]}, too old")
    raise EnvironmentUnfit(f"no Go {wanted} or newer: {'; '.join(seen) or 'no `go` in PATH'}", GO_REMEDY)


def required_go(root: Path) -> Release:
    """The oldest Go that can build every pinned version."""
    return max(GoModule.read(file.parent).go for file in root.glob("*/go.mod"))


def _go_candidates() -> Iterator[Path]:
    named = os.environ.get("GAUNTLET_GO")
    if named:
        yield Path(named)
        return
    on_path = shutil.which("go")
    if on_path:
        yield Path(on_path)
    beside_python = Path(sys.prefix) / "bin" / "go"
    if beside_python.is_file() and str(beside_python) != on_path:
        yield beside_python


@lru_cache
def _version(go: Path, _changed_ns: int) -> subprocess.CompletedProcess[str]:
    """What a Go says of itself; asked once in a process, unless the program changes."""
    return subprocess.run([go, "version"], capture_output=True, text=True, timeout=30, check=False, env=_local_go_env())


def _local_go_env() -> dict[str, str]:
    # Otherwise an old Go would fetch a newer one by itself when it stands in a module that asks for it.
    return {**os.environ, "GOTOOLCHAIN": "local"}


def _adding(version: str, pinned: Container[str]) -> str:
    """How a version that is not pinned comes to be, for a remedy."""
    if not re.fullmatch(r"\d+\.\d+(\.\d+.*)?", version):
        return "give a minor version like 1.37"
    replaces = " --replace" if ".".join(version.split(".")[:2]) in pinned else ""
    return f"pin it: gauntlet versions add {version}{replaces}"


def _tool(package: str, required: dict[str, str]) -> Tool:
    owners = [module for module in required if package == module or package.startswith(module + "/")]
    unnamed = Tool("", package, required[max(owners, key=len)] if owners else "v0.0.0")
    return replace(unnamed, name="etcd" if package == _ETCD else unnamed.go_name)


if __name__ == "__main__":  # ci/setup asks whether this machine has a Go that will do
    try:
        find_go(required_go(toolchain_root()))
    except EnvironmentUnfit as unfit:
        sys.exit(str(unfit))
