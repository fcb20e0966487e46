"""Which version of kube-proxy has which mode, at which stage, and behind which feature gate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError

Minor = tuple[int, int]


class Stage(StrEnum):
    """How far a mode has come, or gone, in one version. Kubernetes' words for a feature's stages."""

    ALPHA = "alpha"
    BETA = "beta"
    STABLE = "stable"
    DEPRECATED = "deprecated"


@dataclass(frozen=True)
class Offer:
    """That a version's kube-proxy has a mode: at which stage, and which feature gate it takes (none: "")."""

    mode: ProxyMode
    stage: Stage
    gate: str = ""


@dataclass(frozen=True)
class _Era:
    """A mode's stage from one minor version to the next era's, or to `until`, both included."""

    since: Minor
    stage: Stage
    gate: str = ""
    until: Minor = (999, 999)


# Sources: KEP-3866 (nftables: alpha 1.29, beta and on by default 1.31, stable 1.33), KEP-5495 (ipvs: deprecated 1.35,
# to be removed in 1.43), kubernetes/kubernetes 112133 (userspace: removed in 1.26, deprecated since 1.23).
_ERAS: Mapping[ProxyMode, tuple[_Era, ...]] = {
    ProxyMode.IPTABLES: (_Era((1, 2), Stage.STABLE),),
    ProxyMode.NFTABLES: (
        _Era((1, 29), Stage.ALPHA, "NFTablesProxyMode", (1, 30)),
        _Era((1, 31), Stage.BETA, until=(1, 32)),
        _Era((1, 33), Stage.STABLE),
    ),
    ProxyMode.IPVS: (
        _Era((1, 11), Stage.STABLE, until=(1, 34)),
        _Era((1, 35), Stage.DEPRECATED, until=(1, 42)),
    ),
    ProxyMode.USERSPACE: (
        _Era((1, 0), Stage.STABLE, until=(1, 22)),
        _Era((1, 23), Stage.DEPRECATED, until=(1, 25)),
    ),
}


def minor_of(version: str) -> Minor:
    """ "1.37", "1.37.2" and "v1.37.2-rc.1" are all (1, 37). Raises UsageError for what is not a version."""
    match = re.match(r"v?(\d+)\.(\d+)(?:[.+-]|$)", version)
    if match is None:
        raise UsageError(f"{version!r} is not a Kubernetes version", "give it like 1.37 or 1.37.2")
    return int(match[1]), int(match[2])


def offer(mode: ProxyMode, version: str) -> Offer:
    """How this version's kube-proxy offers a mode. Raises UsageError, with the reason, if it does not."""
    minor = minor_of(version)
    for era in _ERAS[mode]:
        if era.since <= minor <= era.until:
            return Offer(mode, era.stage, era.gate)
    raise UsageError(f"kube-proxy {version} does not have {mode} mode: {_span(mode)}", _versions_with(mode))


def offers(version: str) -> tuple[Offer, ...]:
    """The modes that this version's kube-proxy has."""
    minor = minor_of(version)
    has = (mode for mode in ProxyMode if any(era.since <= minor <= era.until for era in _ERAS[mode]))
    return tuple(offer(mode, version) for mode in has)


def last_with(mode: ProxyMode, version: str) -> str:
    """The version itself if it has the mode; the last minor version that has it, if that is an earlier one."""
    last = _ERAS[mode][-1].until
    return "{}.{}".format(*last) if last < minor_of(version) else version


def _span(mode: ProxyMode) -> str:
    first, last = _ERAS[mode][0].since, _ERAS[mode][-1].until
    since = "it came with {}.{}".format(*first)
    return since if last == _Era.until else "the last version with it is {}.{}".format(*last)


def _versions_with(mode: ProxyMode) -> str:
    first, last = _ERAS[mode][0].since, _ERAS[mode][-1].until
    span = "from {}.{}".format(*first) if last == _Era.until else "up to {}.{}".format(*last)
    return f"choose a version {span}, or another mode"
