"""Pinning one more Kubernetes version: a new folder of toolchain/, made from the release's own go.mod."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build import gomod
from gauntlet.build.cache import Say
from gauntlet.build.modulesource import Source
from gauntlet.build.toolchain import GoModule, find_go, versions
from gauntlet.ground import ending
from gauntlet.ground.disk import alone
from gauntlet.ground.errors import EnvironmentUnfit, UsageError

PROXY_ALONE = (f"{gomod.KUBERNETES}/cmd/kube-proxy",)
# What a sandbox needs of a release to run it as its control plane, and to run probe pods.
CONTROL_PLANE = (
    f"{gomod.KUBERNETES}/cmd/kube-apiserver",
    f"{gomod.KUBERNETES}/cmd/kube-controller-manager",
    *PROXY_ALONE,
    f"{gomod.KUBERNETES}/test/images/agnhost",
)

_VERSION = re.compile(r"v?(?P<version>(?P<minor>\d+\.\d+)(?:\.\d+(?:-(?:alpha|beta|rc)\.\d+)?)?)")
# Hidden, and its modules one level deeper than those of toolchain/: nobody takes a half one for a pinned version.
_WORKSHOP = ".adding-"


@dataclass(frozen=True)
class Addition:
    """What was done to toolchain/: the folders that are new or replaced, none if the release was pinned already.

    `before` is the release that was pinned for this minor version until now, if there was one.
    """

    minor: str
    release: str
    folders: tuple[str, ...] = ()
    before: str = ""


def add(version: str, root: Path, say: Say, packages: Sequence[str] = PROXY_ALONE) -> Addition:
    """Pin a release (`1.36.4`), or the newest patch of a minor version (`1.36`), that is of no pinned minor version.

    Nothing of it is left if that fails. A version that is pinned stays as it is, and nothing outside is asked. Raises
    UsageError for what is not a version, that does not exist, or of which another patch is pinned, or not all of these
    packages; EnvironmentUnfit if Go is missing or too old, or reaches no source of modules; GauntletError if Go fails.
    """
    version, minor = _read(version)
    with _held(root, say):
        pinned = _pinned(minor, root)
        if version in (minor, pinned) and pinned:
            _require_programs(packages, minor, root)
            return Addition(minor, pinned, before=pinned)
        if pinned:
            raise UsageError(
                f"of Kubernetes {minor} another patch is pinned: {pinned}",
                f"one of each minor version can be; to have {version} in its place: "
                f"gauntlet versions add {version} --replace",
            )
        return _write(version, minor, {minor: packages}, root, say)


def replace(version: str, root: Path, say: Say) -> Addition:
    """As `add`, but a patch that is pinned makes room for this one, with the same programs. Raises as `add` does."""
    version, minor = _read(version)
    with _held(root, say):
        pinned = _pinned(minor, root)
        if not pinned:
            return _write(version, minor, {minor: PROXY_ALONE}, root, say)
        if version == pinned:
            return Addition(minor, pinned, before=pinned)
        # Programs for kind's nodes are of the same release, in a folder of their own (docs/kind.md).
        folders = [root / name for name in (minor, f"node-{minor}") if (root / name).is_dir()]
        programs = {folder.name: [tool.package for tool in GoModule.read(folder).tools] for folder in folders}
        return _write(version, minor, programs, root, say, before=pinned)


def _read(text: str) -> tuple[str, str]:
    """The version and its minor version. Raises UsageError for what is not one."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is not a Kubernetes version", "give it like 1.36.4, or 1.36 for its newest patch")
    return match["version"], match["minor"]


def _pinned(minor: str, root: Path) -> str:
    return GoModule.read(root / minor).version if minor in versions(root) else ""


def _require_programs(packages: Sequence[str], minor: str, root: Path) -> None:
    """Raises UsageError if what is pinned of a minor version lacks one of these."""
    module = GoModule.read(root / minor)
    lacking = sorted({*packages} - {tool.package for tool in module.tools})
    if lacking:
        names = ", ".join(package.rpartition("/")[2] for package in lacking)
        raise UsageError(
            f"Kubernetes {module.version} is pinned already, without {names}",
            f"to have it with them, delete {module.folder}, and add it again",
        )


def _write(
    version: str, minor: str, programs: Mapping[str, Sequence[str]], root: Path, say: Say, before: str = ""
) -> Addition:
    """Make these folders, of these packages, beside toolchain/'s own; then put all of them in place."""
    with _workshop(root) as workshop:
        source = Source(find_go(gomod.OLDEST_GO), workshop / "asking")
        release, upstream = source.release(version)
        if release == before:
            return Addition(minor, release, before=before)
        say(f"Kubernetes {release}: fetching the modules that it is built from")
        source = Source(find_go(gomod.required_go(upstream)), source.folder)
        for name, packages in programs.items():
            folder = workshop / name
            folder.mkdir()
            text = gomod.pinning(release, upstream, name, packages)
            (folder / "go.mod").write_text(text, encoding="utf-8")
            source.tidy(release, folder, lambda line: say(f"Kubernetes {release}: {line}"))
            GoModule.read(folder)
        with ending.held_back():
            for name in programs:
                if (root / name).exists():
                    (root / name).rename(workshop / f"{name}.before")
                (workshop / name).rename(root / name)
    return Addition(minor, release, tuple(programs), before)


def _held(root: Path, say: Say) -> AbstractContextManager[None]:
    """toolchain/ for this process alone. Another one that adds a version is waited for."""
    return alone(root, lambda: say(f"another process is adding a version to {root}; waiting"))


@contextmanager
def _workshop(root: Path) -> Iterator[Path]:
    """A folder to work in, on the same disk as toolchain/; gone at the end. Call it with toolchain/ held."""
    for left in root.glob(f"{_WORKSHOP}*"):  # of a process that was killed
        shutil.rmtree(left)
    try:
        folder = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=root))
    except OSError as error:
        raise EnvironmentUnfit(
            f"{root} cannot be written: {error.strerror}", "run this in a checkout of your own"
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
