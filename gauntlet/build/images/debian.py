"""Debian root file systems as images: what the other images begin from."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build import docker
from gauntlet.build.cache import Say
from gauntlet.build.images.recipe import REPOSITORY, scratch, step
from gauntlet.ground.ending import DIES_WITH_US
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError

SUITE = "bookworm"
# Its Python, for which the client image's packages are chosen.
PYTHON = "3.11"
_DEBOOTSTRAP_S = 900.0
_UNUSED = ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")


@dataclass(frozen=True)
class Debian:
    """A minimal Debian with some more packages."""

    name: str
    packages: tuple[str, ...]

    @property
    def tag(self) -> str:
        key = hashlib.sha256("\n".join((SUITE, *_UNUSED, *sorted(self.packages))).encode()).hexdigest()[:12]
        return f"{REPOSITORY}/{self.name}:{key}"

    def make(self, say: Say) -> str:
        """Build the image unless it exists, and return its tag.

        Raises EnvironmentUnfit if debootstrap or the rights for it are missing, GauntletError if it fails.
        """
        if docker.has_image(self.tag):
            return self.tag
        _require_debootstrap()
        what = f"{self.name} image, Debian {SUITE} and {len(self.packages)} packages"
        with step(what, say), tempfile.TemporaryDirectory(prefix="gauntlet-root-", dir=scratch()) as made:
            folder = Path(made)
            folder.chmod(0o755)
            _debootstrap(folder, self.packages)
            _import(folder, self.tag)
        return self.tag


NODE = Debian(
    "debian-node",
    (
        "bash", "ca-certificates", "conntrack", "curl", "dbus", "ethtool", "hostname", "iproute2", "iptables", "jq",
        "kmod", "libseccomp2", "mount", "netbase", "nftables", "procps", "runc", "socat", "systemd", "systemd-sysv",
        "util-linux",
    ),
)  # fmt: skip
# busybox: a whole set of programs in one static file, for images that have nothing else.
CLIENT = Debian("debian-client", ("busybox-static", "ca-certificates", "iproute2", "procps", "python3", "util-linux"))


def _require_debootstrap() -> None:
    if shutil.which("debootstrap") is None:
        raise EnvironmentUnfit("there is no `debootstrap` in PATH", "sudo apt-get install -y debootstrap")
    if os.geteuid() != 0:
        raise EnvironmentUnfit(
            "debootstrap makes a root file system, and that needs root",
            "run `gauntlet images build` as root; or use a public node image: --kind-image=kindest/node:vX.Y.Z",
        )


def _debootstrap(folder: Path, packages: Sequence[str]) -> None:
    argv = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", SUITE, str(folder)]
    # It is a script: in a process namespace of its own everything that it started ends with it.
    own = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
    done = subprocess.run(
        [*DIES_WITH_US, *own, *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_DEBOOTSTRAP_S,
        check=False,
    )
    if done.returncode != 0:
        log = folder / "debootstrap/debootstrap.log"
        said = log.read_text(errors="replace") if log.is_file() else done.stdout + done.stderr
        raise GauntletError(
            f"debootstrap ended with {done.returncode}:\n" + "\n".join(said.strip().splitlines()[-6:]),
            "can this machine reach a Debian mirror? `apt-get update` tells",
        )
    for unused in _UNUSED:
        shutil.rmtree(folder / unused, ignore_errors=True)
        (folder / unused).mkdir(parents=True)


def _import(folder: Path, tag: str) -> None:
    """Make an image of one layer out of a folder."""
    with subprocess.Popen(
        [*DIES_WITH_US, "tar", "--create", "--one-file-system",
         "--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "."],
        cwd=folder, stdout=subprocess.PIPE,
    ) as tar:  # fmt: skip
        done = subprocess.run(
            [*DIES_WITH_US, "docker", "import", "-", tag], stdin=tar.stdout, capture_output=True, text=True, check=False
        )
    if done.returncode != 0 or tar.returncode != 0:
        raise docker.DockerFailed(("import", tag), done.returncode or tar.returncode, done.stderr.strip())
