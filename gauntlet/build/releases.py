"""Programs of Kubernetes' official releases: downloaded into the cache, verified by the SHA-256 published beside each.

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
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.surroundings import FROM_SOURCE, RELEASES

if TYPE_CHECKING:
    from gauntlet.build.download import Downloads

OFFICIAL = "https://dl.k8s.io/release"

# Of these packages every release has a file; of others (agnhost, etcd) none is beside them.
_RELEASED = "k8s.io/kubernetes/cmd/"
_ARCHITECTURES: Mapping[str, str] = {"x86_64": "amd64", "aarch64": "arm64", "ppc64le": "ppc64le", "s390x": "s390x"}
_MOST_BYTES, _MOST_BYTES_OF_A_DIGEST = 1 << 29, 1 << 12
# Names the processes of one run: its first process, and a word that no other run has.
_RUN = "GAUNTLET_DOWNLOADS_OF_RUN"
_GIVEN_UP = "downloads-given-up."


class WrongChecksum(GauntletError):
    """What was downloaded is not what was published."""


@dataclass(frozen=True)
class ReleaseSlot:
    """The place in the cache of those programs of a module that a release has, for this machine's architecture."""

    module: GoModule
    base: str
    architecture: str

    @property
    def folder(self) -> Path:
        mirror = "" if self.base == OFFICIAL else f"-{hashlib.sha256(self.base.encode()).hexdigest()[:8]}"
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
        return f"{'official release' if self.base == OFFICIAL else f'release from {self.base}'}, SHA-256 verified"

    def url(self, tool: Tool) -> str:
        return f"{self.base}/{tool.version}/bin/linux/{self.architecture}/{tool.name}"


def share_memory() -> None:
    """Let this process and all that it starts know of each other whether the server of releases answered."""
    os.environ.setdefault(_RUN, f"{os.getpid()}-{secrets.token_hex(4)}")


def slot_of(module: GoModule) -> ReleaseSlot | None:
    """Where the module's programs that a release has are, or would be; None if there are none, or none are wanted.

    Raises UsageError if $GAUNTLET_RELEASES is not a URL.
    """
    tools = tuple(tool for tool in module.tools if tool.package.startswith(_RELEASED))
    architecture = _ARCHITECTURES.get(platform.machine())
    if not tools or architecture is None or os.environ.get(FROM_SOURCE, "0") not in ("", "0"):
        return None
    return ReleaseSlot(replace(module, tools=tools), _base(), architecture)


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
            if _has_given_up():
                return slot.filled
            downloads = Downloads()
            made = cache.fill(slot.folder, slot.programs, lambda part: _download(slot, part, downloads), lambda: None)
    except NotThere as error:
        say(f"{title}: {error.what}: building from source")
        return False
    except Unavailable as error:
        _give_up(error.what)
        say(f"release downloads are not reachable ({error.what}): building from source")
        return False
    except OSError as error:
        raise _unfit(error) from error
    if made:
        took = time.monotonic() - began
        say(f"{title}: downloaded {', '.join(slot.programs)} from {slot.base} in {took:.0f} s, SHA-256 verified")
    return True


def _download(slot: ReleaseSlot, into: Path, downloads: Downloads) -> None:
    for tool in slot.module.tools:
        url = slot.url(tool)
        published = io.BytesIO()
        downloads.get(f"{url}.sha256", published, most_bytes=_MOST_BYTES_OF_A_DIGEST)
        wanted = _digest(f"{url}.sha256", published.getvalue())
        program = into / tool.name
        with program.open("wb") as file:
            got = downloads.get(url, file, most_bytes=_MOST_BYTES)
        if got != wanted:
            raise WrongChecksum(
                f"{url} is not what was published: its SHA-256 is to be {wanted} and is {got}",
                f"find out who changes your downloads (a proxy? {RELEASES}?); --from-source builds instead",
            )
        program.chmod(0o755)


def _digest(url: str, published: bytes) -> str:
    """The digest alone, or the first word of a line of sha256sum(1)."""
    words = published.decode("ascii", "replace").split()
    if not words or not re.fullmatch(r"[0-9a-fA-F]{64}", words[0]):
        raise WrongChecksum(
            f"{url} holds no SHA-256: {published[:60]!r}",
            f"find out who answers in the server's place (a proxy? {RELEASES}?); --from-source builds instead",
        )
    return words[0].lower()


def _base() -> str:
    base = os.environ.get(RELEASES, "").rstrip("/") or OFFICIAL
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise UsageError(
            f"{RELEASES} is not the URL of a server of releases", f"give it as {OFFICIAL} is given, or unset it"
        )
    return base


def _memory() -> Path:
    return cache.root() / f"{_GIVEN_UP}{os.environ[_RUN]}"


def _has_given_up() -> bool:
    return _memory().exists()


def _give_up(reason: str) -> None:
    for left in cache.root().glob(f"{_GIVEN_UP}*"):
        run = left.name.removeprefix(_GIVEN_UP).partition("-")[0]
        if not Path(f"/proc/{run}").exists():
            left.unlink(missing_ok=True)
    with suppress(OSError):  # the next process asks for itself
        _memory().write_text(reason + "\n", encoding="utf-8")


def _unfit(error: OSError) -> EnvironmentUnfit:
    if error.errno == errno.ENOSPC:
        return EnvironmentUnfit(
            "downloading releases: no space left on device", "make room, or set XDG_CACHE_HOME to a larger disk"
        )
    return EnvironmentUnfit(
        f"cannot write the cache: {error}", "set XDG_CACHE_HOME to a folder that this user may write"
    )
