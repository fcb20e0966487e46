"""The Kubernetes versions that toolchain/ pins: what of them is in the cache, and what Kubernetes supports together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gauntlet.build import binaries
from gauntlet.build.toolchain import control_plane_of, modules, versions
from gauntlet.ground.errors import EnvironmentUnfit
from gauntlet.ground.version import minor_of

# How many minor versions kube-proxy may be older than the API server; before 1.25 it was fewer.
# https://kubernetes.io/releases/version-skew-policy/#kube-proxy
SUPPORTED_SKEW = 3
SUPPORTED_SKEW_BEFORE_1_25 = 2


class Skew(StrEnum):
    """What Kubernetes' version skew policy says of a kube-proxy and the API server that it works with."""

    WITHIN = "within"
    TOO_OLD = "beyond"
    TOO_NEW = "too new"


@dataclass(frozen=True)
class PinnedVersion:
    """One minor version. Releases are without the `v`: `1.36.3`.

    `control_plane` is the release that its kube-proxy runs under: its own, or the newest one that is pinned. `cached`
    says that the programs of both are there, downloaded or built.
    """

    minor: str
    release: str
    control_plane: str
    cached: bool

    @property
    def skew(self) -> Skew:
        return skew(self.release, self.control_plane)


def pinned(root: Path) -> tuple[PinnedVersion, ...]:
    """All of them, oldest first. Nothing is built, and nothing outside is asked."""
    return tuple(of(minor, root) for minor in versions(root))


def of(minor: str, root: Path) -> PinnedVersion:
    """One of them. Raises UsageError if it is not pinned."""
    found = modules(minor, root)
    return PinnedVersion(minor, found[0].version, control_plane_of(found).version, _cached(minor, root))


def skew(proxy: str, api_server: str) -> Skew:
    """Whether Kubernetes supports a kube-proxy of one version under an API server of another."""
    behind = minor_of(api_server)[1] - minor_of(proxy)[1]
    if behind < 0:
        return Skew.TOO_NEW
    allowed = SUPPORTED_SKEW if minor_of(proxy) >= (1, 25) else SUPPORTED_SKEW_BEFORE_1_25
    return Skew.WITHIN if behind <= allowed else Skew.TOO_OLD


def kubelet_skew(proxy: str, kubelet: str) -> Skew:
    """Whether Kubernetes supports a kube-proxy of one version on a node whose kubelet is of another."""
    apart = minor_of(kubelet)[1] - minor_of(proxy)[1]
    allowed = SUPPORTED_SKEW if minor_of(proxy) >= (1, 25) else SUPPORTED_SKEW_BEFORE_1_25
    if abs(apart) <= allowed:
        return Skew.WITHIN
    return Skew.TOO_OLD if apart > 0 else Skew.TOO_NEW


def _cached(minor: str, root: Path) -> bool:
    try:
        return binaries.find(minor, root=root) is not None
    except EnvironmentUnfit:  # no Go, and not all of it was built when there was one
        return False
