"""Which version of kube-proxy has which mode, at which stage, and behind which feature gate."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.version import Minor, minor_of
from gauntlet.proxy.modes import traits
from gauntlet.proxy.traits import Era, Stage

__all__ = [
    "Offer",
    "Stage",
    "default_mode",
    "is_deprecated",
    "last_with",
    "next_default",
    "offer",
    "offers",
]


@dataclass(frozen=True)
class Offer:
    """That a version's kube-proxy has a mode: at which stage, and which feature gate it takes (none: "")."""

    mode: ProxyMode
    stage: Stage
    gate: str = ""


def offer(mode: ProxyMode, version: str) -> Offer:
    """How this version's kube-proxy offers a mode. Raises UsageError, with the reason, if it does not."""
    found = _offered(mode, minor_of(version))
    if found is None:
        raise UsageError(f"kube-proxy {version} does not have {mode} mode: {_span(mode)}", _versions_with(mode))
    return found


def offers(version: str) -> tuple[Offer, ...]:
    """The modes that this version's kube-proxy has."""
    minor = minor_of(version)
    return tuple(found for mode in ProxyMode if (found := _offered(mode, minor)) is not None)


def is_deprecated(mode: ProxyMode, version: str) -> bool:
    """Whether a mode is deprecated in this version, or was in an earlier one."""
    minor = minor_of(version)
    return any(era.stage is Stage.DEPRECATED and era.since <= minor for era in traits(mode).versions)


def default_mode(version: str) -> ProxyMode:
    """The mode of a kube-proxy on Linux that is told none; of a version that is not known, that of the oldest."""
    try:
        minor = minor_of(version)
    except UsageError:
        minor = (0, 0)
    since = {mode: traits(mode).default_since for mode in ProxyMode}
    was_default = {mode: first for mode, first in since.items() if first is not None and first <= minor}
    return max(was_default, key=lambda mode: was_default[mode])


def next_default(version: str) -> tuple[Minor, ProxyMode] | None:
    """From which later version on another mode is the default, and which; None if nothing is announced."""
    minor = minor_of(version)
    coming = [
        (first, mode) for mode in ProxyMode if (first := traits(mode).default_since) is not None and first > minor
    ]
    return min(coming, default=None)


def last_with(mode: ProxyMode, version: str) -> str:
    """The version itself if it has the mode; the last minor version that has it, if that is an earlier one."""
    last = traits(mode).versions[-1].until
    return "{}.{}".format(*last) if last < minor_of(version) else version


def _offered(mode: ProxyMode, minor: Minor) -> Offer | None:
    eras = (era for era in traits(mode).versions if era.since <= minor <= era.until)
    return next((Offer(mode, era.stage, era.gate) for era in eras), None)


def _span(mode: ProxyMode) -> str:
    first, last = traits(mode).versions[0].since, traits(mode).versions[-1].until
    since = "it came with {}.{}".format(*first)
    return since if last == Era.until else "the last version with it is {}.{}".format(*last)


def _versions_with(mode: ProxyMode) -> str:
    first, last = traits(mode).versions[0].since, traits(mode).versions[-1].until
    span = "from {}.{}".format(*first) if last == Era.until else "up to {}.{}".format(*last)
    return f"choose a version {span}, or another mode"
