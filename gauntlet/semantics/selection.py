"""Which endpoints a node uses, by policy and hints (CategorizeEndpoints in pkg/proxy/topology.go)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gauntlet.semantics.behaviour import LocalPolicy
from gauntlet.semantics.endpoints import Backend
from gauntlet.semantics.objects import Node, Service
from gauntlet.semantics.proxy import Proxy
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.versions import VersionRules, ZoneHints

Pool = tuple[Backend, ...]


@dataclass(frozen=True)
class Choice:
    """Endpoints, and the rules that chose them."""

    pool: Pool
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Selection:
    """`cluster` for policy Cluster, `local` for policy Local; `anywhere` is whether any node has an endpoint to use."""

    cluster: Choice
    local: Choice
    anywhere: bool


def select(endpoints: Pool, service: Service, node: Node, proxy: Proxy) -> Selection:
    """What the kube-proxy of a node makes of the endpoints of one port."""
    if not (proxy.behaviour.reads_slices or service.has_selector):
        nothing = Choice((), (Rule.SLICES_BY_HAND,))
        return Selection(nothing, nothing, anywhere=False)
    if proxy.behaviour.local_policy is LocalPolicy.IGNORED:
        ready = Choice(_ready(endpoints), (Rule.READY, Rule.NO_POLICY))
        return Selection(ready, ready, anywhere=bool(ready.pool))
    own = tuple(each for each in endpoints if each.node == node.name)
    return Selection(
        cluster=_near(endpoints, service, node, proxy.version),
        local=_or_terminating(own, proxy.version),
        anywhere=bool(_or_terminating(endpoints, proxy.version).pool),
    )


def _ready(endpoints: Sequence[Backend]) -> Pool:
    return tuple(each for each in endpoints if each.conditions.ready)


def _or_terminating(endpoints: Pool, version: VersionRules) -> Choice:
    ready = _ready(endpoints)
    if ready or not version.terminating_endpoints:
        return Choice(ready, (Rule.READY,))
    last = tuple(each for each in endpoints if each.conditions.usable_at_last)
    return Choice(last, (Rule.TERMINATING,) if last else (Rule.READY,))


def _near(endpoints: Pool, service: Service, node: Node, version: VersionRules) -> Choice:
    """By hints: those for the node, else those for its zone, else all. What terminates has no place of its own."""
    ready = _ready(endpoints)
    if not ready:
        return _or_terminating(endpoints, version)
    if version.node_hints and all(each.hints.nodes for each in ready):
        near = tuple(each for each in ready if node.name in each.hints.nodes)
        if near:
            return Choice(near, (Rule.READY, Rule.SAME_NODE))
    if _reads_zones(service, version) and all(each.hints.zones for each in ready):
        near = tuple(each for each in ready if node.zone in each.hints.zones)
        if near:
            return Choice(near, (Rule.READY, Rule.SAME_ZONE))
    return Choice(ready, (Rule.READY,))


def _reads_zones(service: Service, version: VersionRules) -> bool:
    if version.zone_hints is ZoneHints.ALWAYS:
        return True
    if version.zone_hints is ZoneHints.AUTO:
        return service.topology_annotation in ("Auto", "auto")
    return service.topology_annotation not in ("", "Disabled", "disabled")
