"""Flags, fields and feature gates of today's kube-proxy that the one to come does not have, or does not heed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gauntlet.doctor.cluster_check.report import Diagnosis, Level
from gauntlet.doctor.lookahead.moves import Move
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.proxy import changes
from gauntlet.proxy.changes import Removed
from gauntlet.proxy.modes import traits

_EDIT = "kubectl -n kube-system edit configmap kube-proxy, or the file of the node"
_SECTIONS = "k8s.io/kube-proxy v1alpha1; pkg/proxy/apis/config/v1alpha1/conversion.go"
# What does not matter where it is not heed: it says how often rules are looked at again.
_PERIODS = ("syncPeriod", "minSyncPeriod")
# kubeadm and kind write them, with the default or with nothing.
_NOTHING: tuple[Json, ...] = (None, "", False, 0, "0s", [], {})
_DEFAULTS = {"masqueradeBit": 14, "localhostNodePorts": True}


def judge(move: Move) -> Iterator[Diagnosis]:
    """The three of them, and settings of other modes."""
    yield from _flags(move)
    yield from _fields(move)
    for name, value in move.will.gates.items():
        yield from _gate(move, name, value)
    yield from _of_other_modes(move)


def _flags(move: Move) -> Iterator[Diagnosis]:
    for flag in _gone(changes.FLAGS, move):
        if flag.name in move.flags:
            what = f"kube-proxy {move.will.version} does not know --{flag.name} and ends at its start"
            yield Diagnosis("flags", Level.PROBLEM, move.node, what, flag.instead, flag.source)


def _gone(every: Iterable[Removed], move: Move) -> tuple[Removed, ...]:
    return tuple(each for each in every if move.will.minor > each.last)


def _fields(move: Move) -> Iterator[Diagnosis]:
    for gone in _gone(changes.FIELDS, move):
        if move.will.fields.get(gone.name) not in _NOTHING:
            what = (
                f"kube-proxy {move.will.version} does not know the field {gone.name}: it says so in its log and goes on"
            )
            yield Diagnosis("fields", Level.WARNING, move.node, what, gone.instead, gone.source)
    for idle in _gone(changes.IDLE_FIELDS, move):
        if move.will.fields.get(idle.name) not in _NOTHING:
            what = f"the field {idle.name} does nothing in {move.will.version}"
            yield Diagnosis("fields", Level.WARNING, move.node, what, idle.instead, idle.source)


def _gate(move: Move, name: str, value: Json) -> Iterator[Diagnosis]:
    check = "gates"
    known = changes.gate(name)
    version = move.will.version
    if known is None:
        what = (
            f"the feature gate {name} is set, of which the gauntlet knows nothing; a kube-proxy that does not know a "
            "gate ends at its start"
        )
        remedy = f"take it out of kube-proxy's featureGates, or see whether {version} has it"
        yield Diagnosis(check, Level.UNKNOWN, move.node, what, remedy, "pkg/features/kube_features.go")
        return
    spell = known.at(move.will.minor)
    if spell is None:
        last = "{}.{}".format(*known.last)
        when = (
            f"since {last} was the last version with it"
            if move.will.minor > known.last
            else "which does not have it yet"
        )
        what = f"the feature gate {name} is set, and kube-proxy {version} ends at its start, {when}"
        yield Diagnosis(check, Level.PROBLEM, move.node, what, f"take it out of featureGates: {_EDIT}", known.source)
    elif spell.locked and value is not spell.on:
        what = (
            f"the feature gate {name} is set to {str(value).lower()}, and {version} refuses that: it ends at its start"
        )
        yield Diagnosis(check, Level.PROBLEM, move.node, what, f"take it out of featureGates: {_EDIT}", known.source)
    elif spell.locked:
        what = f"the feature gate {name} is always {str(spell.on).lower()} in {version}, and goes in a later one"
        yield Diagnosis(check, Level.WARNING, move.node, what, f"take it out of featureGates: {_EDIT}", known.source)


def _of_other_modes(move: Move) -> Iterator[Diagnosis]:
    """Settings in the sections of modes that it will not be in, if the mode of today heeds them."""
    mode, was = move.will.mode, move.was.mode
    if mode is None or was is None or not move.switches:
        return
    for section in traits(was).sections:
        if section in traits(mode).sections:
            continue
        lost = {name: value for name, value in move.will.section(section).items() if _matters(name, value)}
        new = traits(mode).sections
        # It changes what Services' backends see.
        masquerades = lost.pop("masqueradeAll", False)
        if masquerades and not any(move.will.section(name).get("masqueradeAll") for name in new):
            what = f"{section}.masqueradeAll is true, and {mode} mode heeds only that of {' and '.join(new)}"
            remedy = f"set {new[0]}.masqueradeAll: true as well"
            yield Diagnosis("settings", Level.PROBLEM, move.node, what, remedy, _SECTIONS)
        if lost:
            yield _idle(move, mode, section, lost)


def _matters(name: str, value: Json) -> bool:
    return name not in _PERIODS and value not in _NOTHING and _DEFAULTS.get(name) != value


def _idle(move: Move, mode: ProxyMode, section: str, lost: Mapping[str, Json]) -> Diagnosis:
    named = ", ".join(f"{section}.{name}: {_shown(value)}" for name, value in sorted(lost.items()))
    what = f"{mode} mode does not heed {named}"
    remedy = (
        "make sure that nobody counts on it (a scheduler's order, strict ARP for a load balancer); then leave it out"
    )
    return Diagnosis("settings", Level.WARNING, move.node, what, remedy, _SECTIONS)


def _shown(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
