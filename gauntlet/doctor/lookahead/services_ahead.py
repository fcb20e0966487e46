"""Services that the kube-proxy to come serves otherwise than today's, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, Level, some
from gauntlet.doctor.lookahead.moves import Move, is_offered
from gauntlet.kube.objects import ServiceObject
from gauntlet.proxy import changes
from gauntlet.proxy.changes import Use
from gauntlet.proxy.modes import traits

_SHOWN = 3


def judge(facts: ClusterFacts, move: Move) -> Iterator[Diagnosis]:
    """Nothing of Services that may not be read: that is said once for the cluster."""
    mode = move.will.mode
    if facts.services_hidden or mode is None or not is_offered(mode, move.will.version):
        return
    served = [each for each in facts.served.services if each.spec.has_cluster_ip]
    yield from _external_ips(move, [each for each in served if each.spec.external_ips])
    yield from _names(move, served)
    uses = [(use, [each for each in served if each.spec.traffic_distribution == use.value])
            for use in changes.TRAFFIC_DISTRIBUTION]  # fmt: skip
    proxied = [each for each in served if any(one.ip_mode == "Proxy" for one in each.status.load_balancer.ingress)]
    for use, users in (*uses, (changes.IP_MODE_PROXY, proxied)):
        yield from _gated(move, use, users)


def _external_ips(move: Move, users: list[ServiceObject]) -> Iterator[Diagnosis]:
    check = "externalIPs"
    if not users:
        yield Diagnosis(check, Level.OK, move.node, "no Service has externalIPs")
        return
    who = f"{len(users)} Services have externalIPs ({_some(users)})"
    remedy = "move them to LoadBalancer Services or a Gateway"
    gate = changes.EXTERNAL_IPS_GATE
    if move.will.minor >= changes.EXTERNAL_IPS_DEPRECATED and not move.will.is_on(gate):
        what = f"{who}, and {gate} is off: no node will take traffic to them"
        yield Diagnosis(check, Level.PROBLEM, move.node, what, remedy, "KEP-5707")
    elif move.will.minor >= changes.EXTERNAL_IPS_DEPRECATED:
        what = f"{who}: still served in {move.will.version}, deprecated since 1.36, to be dropped in a later version"
        yield Diagnosis(check, Level.WARNING, move.node, what, remedy, "KEP-5707; kubernetes/kubernetes 137293")
    else:
        yield Diagnosis(check, Level.OK, move.node, f"{who}, which {move.will.version} serves", source="KEP-5707")


def _names(move: Move, served: list[ServiceObject]) -> Iterator[Diagnosis]:
    limit = traits(move.will.mode).name_limit if move.will.mode is not None else None
    if limit is None or move.will.release >= limit.fixed:
        return
    long = [
        service
        for service in served
        if any(len(f"{service.metadata.full_name}:{port.name}".encode()) > limit.bytes for port in service.spec.ports)
    ]
    fixed = ".".join(map(str, limit.fixed))
    if not long:
        what = f"no Service's namespace/name:port is longer than {limit.bytes} bytes"
        yield Diagnosis("long names", Level.OK, move.node, what, source=limit.source)
        return
    what = (
        f"{len(long)} Services' namespace/name:port are longer than {limit.bytes} bytes ({_some(long)}): before "
        f"{fixed} no sync of {move.will.mode} mode works then, so that no Service follows any change"
    )
    remedy = f"shorten a name, or go to {fixed} or later"
    yield Diagnosis("long names", Level.PROBLEM, move.node, what, remedy, limit.source)


def _gated(move: Move, use: Use, users: list[ServiceObject]) -> Iterator[Diagnosis]:
    if not users or move.will.is_on(use.gate):
        return
    known = changes.gate(use.gate)
    level = Level.PROBLEM if move.was.is_on(use.gate) else Level.WARNING
    what = f"{len(users)} Services ask for {use.value} ({_some(users)}), and {use.gate} is off: {use.without}"
    remedy = f"set featureGates: {{{use.gate}: true}} if the version has the gate"
    yield Diagnosis("gated fields", level, move.node, what, remedy, known.source if known else "")


def _some(services: Iterable[ServiceObject]) -> str:
    # A name that is too long would fill the screen.
    names = sorted(each.metadata.full_name for each in services)
    return some([f"{name[:40]}…" if len(name) > 41 else name for name in names], _SHOWN)
