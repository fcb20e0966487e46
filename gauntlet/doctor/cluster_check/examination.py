"""The check as a whole: gather, judge, and look again where rules were behind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from gauntlet.doctor.cluster_check import (
    access,
    cluster_facts,
    cni,
    data_plane,
    flows,
    health,
    kernel,
    leftovers,
    modes,
    node_facts,
    own_faults,
    proxies,
    services,
    versions,
)
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.gathering import Gathered, at_once, gather
from gauntlet.doctor.cluster_check.leftovers import Leftover
from gauntlet.doctor.cluster_check.mismatches import Mismatch, mismatches
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, NodeSummary, Report
from gauntlet.doctor.cluster_check.serving import serving_node
from gauntlet.ground.cluster import Node
from gauntlet.ground.journal.store import Record
from gauntlet.kube.api import Api
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Forwarding

# A Service or endpoint that has just changed is not in the rules yet: what is still wrong after this time is wrong.
SETTLE_S = 10.0
_LOOK_AGAIN_S = 1.0

D = TypeVar("D", Mismatch, Leftover)

Differences = Mapping[str, frozenset[Mismatch]]
LeftBehind = Mapping[str, frozenset[Leftover]]


def examine(api: Api, nodes: Sequence[Node], *, no_way_in: str = "", faults: Sequence[Record] = ()) -> Report:
    """Check this cluster. `nodes` are those that commands can reach; `no_way_in` says why others cannot be.
    `faults` are the gauntlet's own that are not healed.

    Nothing is changed. Raises ApiUnreachable, and ApiRefused for other reasons than a missing right.
    """
    return examined(api, nodes, gather(api, nodes, no_way_in=no_way_in), faults)


def examined(
    api: Api, nodes: Sequence[Node], gathered: Gathered, faults: Sequence[Record] = (), *, settle_s: float = SETTLE_S
) -> Report:
    """The check of what was gathered just now: it looks again, for so many seconds, at rules that may only be behind.

    Raises the same as `examine`.
    """
    facts, looked = gathered.facts, gathered.nodes
    reachable = {node.name: node for node in nodes}
    differences, left = _differences(facts, looked), _left(facts, looked)
    deadline = time.monotonic() + settle_s
    while time.monotonic() < deadline:
        behind = [node for node in looked if differences.get(node.name) or _may_go(left.get(node.name, ()))]
        if not behind:
            break
        time.sleep(_LOOK_AGAIN_S)
        facts = replace(facts, served=cluster_facts.services(api))
        again = at_once(lambda node: _look_again(reachable[node.name], node), behind)
        differences = _lasting(differences, _differences(facts, again))
        left = _lasting(left, _left(facts, again))
        newer = {node.name: node for node in again}
        looked = tuple(newer.get(node.name, node) for node in looked)
    return judged(facts, looked, differences, faults, left)


def judged(
    facts: ClusterFacts,
    nodes: Sequence[NodeFacts],
    differences: Differences,
    faults: Sequence[Record] = (),
    left: LeftBehind = MappingProxyType({}),
) -> Report:
    """The report on what was gathered. `differences` and what is `left` are those that lasted, by node."""
    replaced = cni.replacement(facts)
    return Report(
        kubernetes=facts.version,
        cni=cni.names(facts),
        runs_as=proxies.runs_as(facts, nodes),
        replaced_by=replaced,
        nodes=tuple(_summary(facts, node, differences.get(node.name, frozenset())) for node in nodes),
        diagnoses=(*own_faults.judge(faults), *_diagnoses(facts, nodes, differences, left, replaced)),
    )


def about_rules(report: Report) -> Report:
    """The part of a report that is about rules, and about what kept anybody from looking at them."""
    about = (access.CHECK, cni.CHECK, data_plane.CHECK, modes.LEFT_OVER, flows.STALE, flows.KEPT)
    return replace(report, diagnoses=tuple(each for each in report.diagnoses if each.check in about))


def _look_again(node: Node, before: NodeFacts) -> NodeFacts:
    return node_facts.reread_rules(node).put_into(before)


def _lasting(before: Mapping[str, frozenset[D]], now: Mapping[str, frozenset[D]]) -> Mapping[str, frozenset[D]]:
    """Of nodes that were looked at again: what was there before and still is, as it is now."""
    return {name: frozenset(now[name] & found) if name in now else found for name, found in before.items()}


def _may_go(left: Iterable[Leftover]) -> bool:
    return any(each.kind.may_go for each in left)


def _left(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> LeftBehind:
    """By node, what is left of Services and endpoints that are gone."""
    found = {}
    ranges = [each for node in facts.nodes for each in node.spec.pod_ranges]
    for node in nodes:
        tracked = node.flows if _holds_flows(facts, node) else ()
        of_flows = leftovers.flows(facts.served, tracked or (), node.addresses, ranges)
        found[node.name] = leftovers.orphans(_rules(facts, node)).union(of_flows)
    return found


def _rules(facts: ClusterFacts, node: NodeFacts) -> tuple[Forwarding, ...]:
    """Those of the mode that runs; none if they could not be read, or if nobody tells what they should be."""
    return () if node.trouble or facts.services_hidden else data_plane.of_families(facts, node)


def _holds_flows(facts: ClusterFacts, node: NodeFacts) -> bool:
    """Whether the flows of a node are held against Services: its rules are known, and lead to endpoints.

    In userspace mode connections lead to ports of kube-proxy itself.
    """
    rules = _rules(facts, node)
    return bool(rules) and all(traits(each.mode).shows_endpoints for each in rules)


def _differences(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> Differences:
    """By node, where the rules of the mode that runs differ from what is served."""
    found = {}
    for node in nodes:
        known = _rules(facts, node)
        found[node.name] = frozenset[Mismatch]().union(
            *(mismatches(facts.served, rules, node.addresses, serving_node(facts, node, rules.mode)) for rules in known)
        )
    return found


def _diagnoses(
    facts: ClusterFacts, nodes: Sequence[NodeFacts], differences: Differences, left: LeftBehind, replaced: str
) -> Iterator[Diagnosis]:
    yield from access.judge_cluster(facts)
    yield from cni.judge(facts)
    if replaced:
        return
    for node in nodes:
        yield from access.judge_node(
            node, "what its kernel does with Service traffic is not known until commands can run there"
        )
    yield from proxies.judge_cluster(facts, nodes)
    yield from versions.judge(facts, nodes)
    yield from modes.judge_cluster(facts, nodes)
    if not facts.services_hidden:
        yield from services.judge(facts.served)
    for node in nodes:
        lasting = differences.get(node.name, frozenset())
        yield from proxies.judge_node(facts, node)
        yield from modes.judge_node(facts, node)
        if not facts.services_hidden:
            yield from data_plane.judge(facts, node, lasting)
            yield from flows.judge(node, left.get(node.name, frozenset()), are_held=_holds_flows(facts, node))
        yield from health.judge(node, modes.effective(facts, node), lasting)
        yield from kernel.judge_conntrack(node)
        yield from kernel.judge_modules(facts, node)


def _summary(facts: ClusterFacts, node: NodeFacts, differences: frozenset[Mismatch]) -> NodeSummary:
    mode = modes.effective(facts, node)
    table = node.conntrack
    return NodeSummary(
        node=node.name,
        kube_proxy=proxies.state(facts, node),
        version=versions.version(facts, node),
        mode="" if mode is None else str(mode),
        healthz="" if node.unseen else str(node.healthz.code or "no answer"),
        synced=health.synced(node, mode),
        services=data_plane.count(facts, node, differences),
        conntrack="" if table is None else table.share,
    )
