"""Programs of official releases: downloaded into the cache, and verified by the SHA-256 that is published with each.

What has no release file, or cannot be had so, is built (`gauntlet.build.binaries`). If the server does not answer, it
is not asked again by any process of the run.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import platform
import re
import secrets
import shutil
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gauntlet.build import cache
from gauntlet.build.cache import Say
from gauntlet.build.toolchain import GoModule, Tool
from gauntlet.ground.environment import ETCD_RELEASES, FROM_SOURCE, RELEASES
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError

if TYPE_CHECKING:
    from gauntlet.build.download import Downloads

OFFICIAL, OFFICIAL_ETCD = "https://dl.k8s.io/release", "https://github.com/etcd-io/etcd/releases/download"

# Of these packages every release has a file or an archive; of others (agnhost) it has none.
_KUBERNETES, _ETCD = "k8s.io/kubernetes/cmd/", "go.etcd.io/etcd/server/"
_ARCHITECTURES: Mapping[str, str] = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}
_MOST_BYTES, _MOST_BYTES_OF_CHECKSUMS = 1 << 29, 1 << 16
# Names the processes of one run: its first process, and a word that no other run has.
_RUN = "GAUNTLET_DOWNLOADS_OF_RUN"
_GIVEN_UP = "downloads-given-up."


class WrongChecksum(GauntletError):
    """What was downloaded is not what was published."""


@dataclass(frozen=True)
class Publication:
    """Where a program is published: a file, or an archive and the member that it is; and a list of SHA-256."""

    url: str
    checksums: str
    member: str = ""


@dataclass(frozen=True)
class ReleaseSlot:
    """The place in the cache of those programs of a module that a release has, for this machine's architecture."""

    module: GoModule
    base: str
    architecture: str

    @property
    def folder(self) -> Path:
        mirror = "" if self._is_official else f"-{_short(self.base)}"
        return cache.root() / f"{self.module.name}-{self.module.version}-release{mirror}-{self.architecture}"

    @property
    def programs(self) -> dict[str, Path]:
        return {tool.name: self.folder / tool.name for tool in self.module.tools}

    @property
    def filled(self) -> bool:
        return cache.is_filled(self.programs.values())

    @property
    def origin(self) -> str:
        """Where the programs come from, for people."""
        return f"{'official release' if self._is_official else f'release from {self.base}'}, SHA-256 verified"

    @property
    def _is_official(self) -> bool:
        return self.base in (OFFICIAL, OFFICIAL_ETCD)

    def publication(self, tool: Tool) -> Publication:
        folder = f"{self.base}/{tool.version}"
        if tool.package.startswith(_ETCD):
            name = f"etcd-{tool.version}-linux-{self.architecture}"
            return Publication(f"{folder}/{name}.tar.gz", f"{folder}/SHA256SUMS", f"{name}/{tool.name}")
        url = f"{folder}/bin/linux/{self.architecture}/{tool.name}"
        return Publication(url, f"{url}.sha256")


def share_memory() -> None:
    """Let this process and all that it starts know of each other whether the server of releases answered."""
    os.environ.setdefault(_RUN, f"{os.getpid()}-{secrets.token_hex(4)}")


def slot_of(module: GoModule) -> ReleaseSlot | None:
    """Where the module's programs that a release has are, or would be; None if there are none, or none are wanted.

    Raises UsageError if $GAUNTLET_RELEASES or $GAUNTLET_ETCD_RELEASES is not a URL.
    """
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None or os.environ.get(FROM_SOURCE, "0") not in ("", "0"):
        return None
    for packages, base in ((_KUBERNETES, _base(RELEASES, OFFICIAL)), (_ETCD, _etcd_base())):
        tools = tuple(tool for tool in module.tools if tool.package.startswith(packages))
        if tools and base:
            return ReleaseSlot(replace(module, tools=tools), base, architecture)
    return None


def fetch(slot: ReleaseSlot, say: Say) -> bool:
    """Download what is not there yet; False, once `say` has had the reason, if it has to be built.

    Raises WrongChecksum if a file is not what was published, EnvironmentUnfit if the cache cannot hold it.
    """
    from gauntlet.build.download import Downloads, NotThere, Unavailable

    title = f"{slot.module.name} {slot.module.version}"
    share_memory()
    began = time.monotonic()
    try:
        cache.root().mkdir(parents=True, exist_ok=True)
        # One process at a time: the others then know whether the server answers.
        with cache.locked(cache.root() / "releases", lambda: say(f"{title}: another process is downloading; waiting")):
            if _memory(slot).exists():
                return slot.filled
            downloads = Downloads()

            def download(part: Path) -> None:
                for tool in slot.module.tools:
                    say(f"{title}: downloading {tool.name}")
                    _download(slot.publication(tool), part / tool.name, downloads)

            made = cache.fill(slot.folder, slot.programs, download, lambda: None)
    except NotThere as error:
        say(f"{title}: {error.what}: building from source")
        return False
    except Unavailable as error:
        _give_up(slot, error.what)
        say(f"release downloads are not reachable ({error.what}): building from source")
        return False
    except OSError as error:
        raise _unfit(error) from error
    if made:
        took = time.monotonic() - began
        say(f"{title}: downloaded {', '.join(slot.programs)} from {slot.base} in {took:.0f} s, SHA-256 verified")
    return True


def _download(published: Publication, program: Path, downloads: Downloads) -> None:
    checksums = io.BytesIO()
    downloads.get(published.checksums, checksums, most_bytes=_MOST_BYTES_OF_CHECKSUMS)
    wanted = _digest(published, checksums.getvalue())
    archive = program.with_name(program.name + ".tar.gz") if published.member else program
    with archive.open("wb") as file:
        got = downloads.get(published.url, file, most_bytes=_MOST_BYTES)
    if got != wanted:
        raise WrongChecksum(
            f"{published.url} is not what was published: its SHA-256 is to be {wanted} and is {got}",
            f"find out who changes your downloads (a proxy? {RELEASES}?); --from-source builds instead",
        )
    if published.member:
        _extract(published, archive, program)
        archive.unlink()
    program.chmod(0o755)


def _extract(published: Publication, archive: Path, program: Path) -> None:
    from gauntlet.build.download import NotThere

    try:
        with tarfile.open(archive) as content:
            member = content.extractfile(published.member)
            if member is None:
                raise KeyError(published.member)
            with member, program.open("wb") as file:
                shutil.copyfileobj(member, file)
    except (KeyError, tarfile.TarError) as error:
        raise NotThere(f"{published.url} has no file {published.member}") from error


def _digest(published: Publication, checksums: bytes) -> str:
    """The digest: alone, as beside Kubernetes' files, or of the line of sha256sum(1) that has the file's name."""
    lines = [line.split() for line in checksums.decode("ascii", "replace").splitlines() if line.strip()]
    name = published.url.rpartition("/")[2]
    alone = lines[0] if len(lines) == 1 and len(lines[0]) == 1 else None
    words = alone or next((line for line in lines if line[1:] == [name]), [""])
    if not re.fullmatch(r"[0-9a-fA-F]{64}", words[0]):
        raise WrongChecksum(
            f"{published.checksums} holds no SHA-256 of {name}: {checksums[:60]!r}",
            f"find out who answers in the server's place (a proxy? {RELEASES}?); --from-source builds instead",
        )
    return words[0].lower()


def _etcd_base() -> str | None:
    # Who names a mirror of Kubernetes' releases has a reason to ask nobody else.
    if os.environ.get(RELEASES) and not os.environ.get(ETCD_RELEASES):
        return None
    return _base(ETCD_RELEASES, OFFICIAL_ETCD)


def _base(variable: str, official: str) -> str:
    base = os.environ.get(variable, "").rstrip("/") or official
    if not _is_server(base):
        raise UsageError(f"{variable} is not the URL of a server of releases", f"give one like {official}, or unset it")
    return base


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        return False


def _short(base: str) -> str:
    return hashlib.sha256(base.encode()).hexdigest()[:8]


def _memory(slot: ReleaseSlot) -> Path:
    return cache.root() / f"{_GIVEN_UP}{os.environ[_RUN]}.{_short(slot.base)}"


def _give_up(slot: ReleaseSlot, reason: str) -> None:
    for left in cache.root().glob(f"{_GIVEN_UP}*"):
        run = left.name.removeprefix(_GIVEN_UP).partition("-")[0]
        if not Path(f"/proc/{run}").exists():
            left.unlink(missing_ok=True)
    with suppress(OSError):  # the next process asks for itself
        _memory(slot).write_text(reason + "\n", encoding="utf-8")


def _unfit(error: OSError) -> EnvironmentUnfit:
    if error.errno == errno.ENOSPC:
        return EnvironmentUnfit(
            "downloading releases: no space left on device", "make room, or set XDG_CACHE_HOME to a larger disk"
        )
    return EnvironmentUnfit(
        f"cannot write the cache: {error}", "set XDG_CACHE_HOME to a folder that this user may write"
    )
