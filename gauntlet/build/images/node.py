"""The kind node image: a Debian with kind's files, containerd and Kubernetes, and the components' images in it."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build import docker
from gauntlet.build.cache import Say
from gauntlet.build.images.recipe import REPOSITORY, Recipe, step
from gauntlet.build.toolchain import Go, GoModule
from gauntlet.ground.errors import GauntletError

NETWORK_LABEL = "dev.gauntlet.network"
_HERE = Path(__file__).parent
_CNI = ("host-local", "loopback", "portmap", "ptp")
_CONTAINERD = ("containerd", "containerd-shim-runc-v2", "ctr")
_KUBERNETES = ("kubeadm", "kubectl", "kubelet")
_IMPORT_S = 300.0

# Starts containerd, imports what comes on stdin, and leaves nothing of its run behind.
_PRELOAD = """set -e
containerd >/tmp/containerd.log 2>&1 &
for try in $(seq 100); do ctr version >/dev/null 2>&1 && break; sleep 0.1; done
ctr --namespace=k8s.io images import --label=io.cri-containerd.pinned=pinned --local --discard-unpacked-layers - \
    || { tail -n 5 /tmp/containerd.log >&2; exit 1; }
# Layers that are unpacked need not be kept packed as well; this also collects the garbage at once.
ctr --namespace=k8s.io content prune references >/dev/null
kill $!
wait $! || true
rm -rf /tmp/containerd.log /run/containerd /var/log/*
"""


@dataclass(frozen=True)
class NodeImage:
    """`base` is the node without its images; `images` says which image of ours has which name in it."""

    base: Recipe
    images: Mapping[str, str]

    @property
    def tag(self) -> str:
        parts = [self.base.tag, _PRELOAD, *(f"{name}={tag}" for name, tag in sorted(self.images.items()))]
        return f"{REPOSITORY}/node:{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"

    def make(self, say: Say) -> str:
        """Build the image unless it exists, and return its tag. Raises DockerFailed."""
        if docker.has_image(self.tag):
            return self.tag
        base = self.base.make(say)
        with step(f"node image, with {len(self.images)} images in it", say):
            _preload(base, self.images, self.tag)
        return self.tag


def base(programs: Mapping[str, Path], kind_files: Path, node_root: str, *, version: str, pause: str) -> Recipe:
    """The node without images. `kind_files` is images/base/files of kind; `pause` is the full name of that image."""
    files = {
        "base": kind_files,
        "base/etc/containerd/cni.conflist": _HERE / "node/cni.conflist",
        "base/usr/local/bin/crictl": _HERE / "node/crictl",
        "base/kind/manifests/default-storage.yaml": _HERE / "node/default-storage.yaml",
        **{f"base/opt/cni/bin/{name}": programs[name] for name in _CNI},
        **{f"base/usr/local/bin/{name}": programs[name] for name in _CONTAINERD},
        **{f"base/usr/bin/{name}": programs[name] for name in _KUBERNETES},
    }
    arguments = {"NODE_ROOT": node_root, "VERSION": version, "PAUSE": pause}
    return Recipe("node-base", _HERE / "node.Dockerfile", files, arguments)


def kind_files(module: GoModule, go: Go) -> Path:
    """images/base/files of the pinned kind, in the module cache. Raises GauntletError if it is not there."""
    # A build with a warm cache may never have unpacked the module's sources.
    argv = [str(go.path), "mod", "download", "-json", "sigs.k8s.io/kind"]
    asked = subprocess.run(argv, cwd=module.folder, capture_output=True, text=True, check=False)
    found = re.search(r'"Dir": "(.*)"', asked.stdout)
    if asked.returncode != 0 or found is None:
        raise GauntletError(f"{' '.join(argv)} ended with {asked.returncode}: {asked.stderr.strip() or asked.stdout}")
    return Path(found[1]) / "images/base/files"


def _preload(base: str, images: Mapping[str, str], tag: str) -> None:
    """Commit a container of `base` in which containerd has these images, by their names there."""
    for name, ours in images.items():
        docker.run("tag", ours, name)
    container = docker.run(
        "create", "--interactive", "--privileged", "--network=none", "--entrypoint=/bin/bash", base, "-c", _PRELOAD
    ).strip()
    try:
        docker.pipe(("save", *images), ("start", "--interactive", container), timeout_s=_IMPORT_S)
        entrypoint = 'ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]'
        docker.run("commit", "--change", entrypoint, "--change", "CMD []", container, tag, timeout_s=_IMPORT_S)
    finally:
        docker.run("rm", "--force", "--volumes", container)
        docker.run("rmi", *images)
