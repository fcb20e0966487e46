"""Which mode each kube-proxy will be in, whether its version has that, and for how long."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.doctor.cluster_check.report import Diagnosis, Level
from gauntlet.doctor.lookahead.moves import Move, is_offered
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.changes import NEWEST_READ
from gauntlet.proxy.eras import default_mode, is_deprecated, last_with, next_default, offer
from gauntlet.proxy.modes import traits

CHECK = "mode"
_DEFAULT = "KEP-5343; platformApplyDefaults in cmd/kube-proxy/app/server_linux.go"
_SET = "set `mode` in the KubeProxyConfiguration (or --proxy-mode) to what you mean"


def judge(move: Move) -> Iterator[Diagnosis]:
    """The mode that is configured, or the default of then; and what is announced for it."""
    if move.configured is None:
        remedy = "let the gauntlet read it: the ConfigMap kube-system/kube-proxy, or the node (docs/existing.md)"
        what = "kube-proxy's configuration cannot be read: nothing tells whether its mode is set"
        yield Diagnosis(CHECK, Level.UNKNOWN, move.node, what, remedy)
    mode = move.will.mode
    if mode is None:
        what = (
            f"kube-proxy does not have a mode {move.will.said!r} on Linux"
            if move.will.said
            else "nothing tells its mode"
        )
        level = Level.PROBLEM if move.will.said else Level.UNKNOWN
        yield Diagnosis(CHECK, level, move.node, what, f"{_SET}: {', '.join(ProxyMode)}", _DEFAULT)
        return
    if not is_offered(mode, move.will.version):
        yield _gone(move, mode)
        return
    yield from _default(move, mode)
    yield from _gate(move, mode)
    yield from _farewell(move, mode)
    if move.was.mode is not None and move.switches:
        yield _switch(move, move.was.mode, mode)


def judge_horizon(move: Move) -> Iterator[Diagnosis]:
    """That a version is later than any whose sources were read."""
    if move.will.minor > NEWEST_READ:
        newest = "{}.{}".format(*NEWEST_READ)
        what = f"of {move.will.version} only what {newest} announces is known: flags, fields and gates may go as well"
        remedy = "look again with a newer gauntlet before you go there"
        yield Diagnosis("sources", Level.WARNING, move.node, what, remedy, "gauntlet/proxy/changes.py")


def _switch(move: Move, was: ProxyMode, mode: ProxyMode) -> Diagnosis:
    """Rules are cleaned up between nftables and what iptables writes, and not between modes that both use iptables."""
    then = (
        f"each kube-proxy deletes the rules of {was} mode when it starts, and Services of its node are gone until its "
        "first sync is over"
    )
    if traits(was).one_transaction is traits(mode).one_transaction:
        then = f"kube-proxy leaves behind what {was} mode made, until `kube-proxy --cleanup` runs on each node"
    from_, to = (f"{each.mode}@{'.'.join(map(str, each.minor))}" for each in (move.was, move.will))
    return Diagnosis(
        CHECK,
        Level.WARNING,
        move.node,
        f"{was} mode becomes {mode} mode: {then}",
        f"measure it: gauntlet upgrade --from {from_} --to {to}",
        "platformCleanup in cmd/kube-proxy/app/server_linux.go",
    )


def _gone(move: Move, mode: ProxyMode) -> Diagnosis:
    version = move.will.version
    last = last_with(mode, version)
    what = f"kube-proxy {version} does not have {mode} mode any more: it ends at its start, and Services go stale"
    if last == version:
        since = "{}.{}".format(*traits(mode).versions[0].since)
        what = f"kube-proxy {version} does not have {mode} mode yet: it came with {since}"
        return Diagnosis(
            CHECK, Level.PROBLEM, move.node, what, "choose another mode, or a later version", _source(mode)
        )
    remedy = f"switch before you leave {last}; `gauntlet lookahead --to {default_mode(version)}@{version}` looks there"
    return Diagnosis(CHECK, Level.PROBLEM, move.node, what, remedy, _source(mode))


def _default(move: Move, mode: ProxyMode) -> Iterator[Diagnosis]:
    """If the mode is not set, the default decides, and that changes."""
    if move.configured is None:
        return
    if move.will.said:
        yield Diagnosis(CHECK, Level.OK, move.node, f"the mode is set: {mode}")
        return
    if move.switches:
        what = f"the mode is not set, and the default of {move.will.version} is {mode}: it switches by itself"
        yield Diagnosis(CHECK, Level.PROBLEM, move.node, what, _SET, _DEFAULT)
        return
    coming = next_default(move.will.version)
    if coming is None:
        yield Diagnosis(
            CHECK, Level.OK, move.node, f"the mode is not set: {mode}, the default, and no other is announced"
        )
        return
    since, later = coming
    what = f"the mode is not set: {mode} by default, and {later} from {since[0]}.{since[1]} on"
    yield Diagnosis(CHECK, Level.WARNING, move.node, what, _SET, _DEFAULT)


def _gate(move: Move, mode: ProxyMode) -> Iterator[Diagnosis]:
    gate = offer(mode, move.will.version).gate
    if gate and not move.will.is_on(gate):
        what = f"kube-proxy {move.will.version} has {mode} mode behind the feature gate {gate}, which is not set"
        remedy = f"set featureGates: {{{gate}: true}}, or choose another mode"
        yield Diagnosis(CHECK, Level.PROBLEM, move.node, what, remedy, _source(mode))


def _farewell(move: Move, mode: ProxyMode) -> Iterator[Diagnosis]:
    farewell = traits(mode).farewell
    if is_deprecated(mode, move.will.version):
        what = f"{mode} mode is deprecated in {move.will.version}{f': {farewell}' if farewell else ''}"
        remedy = f"plan the switch: gauntlet lookahead --to nftables@{'.'.join(map(str, move.will.minor))}"
        yield Diagnosis(CHECK, Level.WARNING, move.node, what, remedy, _source(mode))


def _source(mode: ProxyMode) -> str:
    return traits(mode).history
