"""The word Recipe: one image, what goes into it, and the tag that follows from that."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gauntlet.build import docker
from gauntlet.build.cache import Say
from gauntlet.ground import paths
from gauntlet.ground.errors import EnvironmentUnfit

REPOSITORY = "kube-proxy-gauntlet"
# Largest with all that is on the way to it: the node image with its root, and the images that go into it.
NEEDED_BYTES = 6 * 1024**3


@dataclass(frozen=True)
class Recipe:
    """One image made by a Dockerfile of this folder.

    `files` says where in the build's context a file or folder goes. `arguments` are the Dockerfile's; an image of ours
    among them is named by its tag, which carries what went into it in turn.
    """

    name: str
    dockerfile: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        digest = hashlib.sha256(self.dockerfile.read_bytes())
        for name, value in sorted(self.arguments.items()):
            digest.update(f"{name}={value}\0".encode())
        for place, path in sorted(self.files.items()):
            for part in content(path):
                digest.update(place.encode() + b"\0" + part)
        return digest.hexdigest()[:12]

    @property
    def tag(self) -> str:
        return f"{REPOSITORY}/{self.name}:{self.key}"

    def make(self, say: Say) -> str:
        """Build the image unless it exists, and return its tag. Raises DockerFailed."""
        if docker.has_image(self.tag):
            return self.tag
        with step(f"{self.name} image", say), context(self.files) as folder:
            docker.build(self.tag, self.dockerfile, folder, dict(self.arguments))
        return self.tag


def content(path: Path) -> Iterator[bytes]:
    """What a file, or every file of a folder with its name, is hashed by.

    What is in the cache is hashed by its place there: its folder's name has the hash of what it is made from.
    """
    if path.is_relative_to(paths.cache_root()):
        yield str(path.relative_to(paths.cache_root())).encode()
    elif path.is_dir():
        for file in sorted(each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts):
            yield f"{file.relative_to(path)}\0".encode() + file.read_bytes()
    else:
        yield path.read_bytes()


@contextmanager
def context(files: Mapping[str, Path]) -> Iterator[Path]:
    """A folder with copies of these files, for the length of a build."""
    with tempfile.TemporaryDirectory(prefix="gauntlet-image-", dir=scratch()) as made:
        folder = Path(made)
        for place, path in files.items():
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"), copy_function=shutil.copy)
                writable(target)
            else:
                shutil.copy(path, target)
        yield folder


def writable(folder: Path) -> None:
    """Let the owner change a copied folder: the Go module cache, where some come from, is read-only."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def scratch() -> Path:
    """Where builds keep what they need for a moment: beside the cache, as /tmp may be small."""
    return paths.writable(paths.cache_root() / "images")


@contextmanager
def step(what: str, say: Say) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    say(f"{what}: building")
    began = time.monotonic()
    yield
    say(f"{what}: done in {time.monotonic() - began:.0f} s")


def require_space() -> None:
    """Raises EnvironmentUnfit if the images might not fit on a disk that they are written to."""
    for folder in (scratch(), docker.root()):
        if not folder.exists():
            continue  # a daemon on another machine: only it can tell
        free = shutil.disk_usage(folder).free
        if free < NEEDED_BYTES:
            raise EnvironmentUnfit(
                f"{folder} has {free / 1024**3:.1f} GiB free; building the images may take "
                f"{NEEDED_BYTES / 1024**3:.0f} GiB",
                "make room (docker system df shows what Docker holds), or set XDG_CACHE_HOME to a larger disk",
            )
