"""The check as a whole: gather, judge, and look again where rules were behind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gauntlet.doctor.cluster_check import (
    access,
    cluster_facts,
    cni,
    data_plane,
    health,
    kernel,
    modes,
    node_facts,
    own_faults,
    proxies,
    services,
    versions,
)
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.gathering import Gathered, at_once, gather
from gauntlet.doctor.cluster_check.mismatches import Mismatch, mismatches
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, NodeSummary, Report
from gauntlet.ground.cluster import Node, ProxyMode
from gauntlet.ground.journal.store import Record
from gauntlet.kube.api import Api
from gauntlet.kube.objects import modelled
from gauntlet.proxy.modelled import proxy
from gauntlet.semantics.places import ServingNode

# A Service or endpoint that has just changed is not in the rules yet: what is still wrong after this time is wrong.
SETTLE_S = 10.0
_LOOK_AGAIN_S = 1.0

Differences = Mapping[str, frozenset[Mismatch]]


def examine(api: Api, nodes: Sequence[Node], *, no_way_in: str = "", faults: Sequence[Record] = ()) -> Report:
    """Check this cluster. `nodes` are those that commands can reach; `no_way_in` says why others cannot be.
    `faults` are the gauntlet's own that are not healed.

    Nothing is changed. Raises ApiUnreachable, and ApiRefused for other reasons than a missing right.
    """
    return examined(api, nodes, gather(api, nodes, no_way_in=no_way_in), faults)


def examined(api: Api, nodes: Sequence[Node], gathered: Gathered, faults: Sequence[Record] = ()) -> Report:
    """The check of what was gathered just now: it looks again at rules that may only be behind. Raises the same."""
    facts, looked = gathered.facts, gathered.nodes
    reachable = {node.name: node for node in nodes}
    differences = _differences(facts, looked)
    deadline = time.monotonic() + SETTLE_S
    while any(differences.values()) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_S)
        facts = replace(facts, served=cluster_facts.services(api))
        behind = [node for node in looked if differences.get(node.name)]
        again = at_once(lambda node: _look_again(reachable[node.name], node), behind)
        now = _differences(facts, again)
        differences = {name: found & now.get(name, frozenset()) for name, found in differences.items()}
        newer = {node.name: node for node in again}
        looked = tuple(newer.get(node.name, node) for node in looked)
    return judged(facts, looked, differences, faults)


def judged(
    facts: ClusterFacts, nodes: Sequence[NodeFacts], differences: Differences, faults: Sequence[Record] = ()
) -> Report:
    """The report on what was gathered. `differences` are those that lasted, by node."""
    replaced = cni.replacement(facts)
    return Report(
        kubernetes=facts.version,
        cni=cni.names(facts),
        runs_as=proxies.runs_as(facts, nodes),
        replaced_by=replaced,
        nodes=tuple(_summary(facts, node, differences.get(node.name, frozenset())) for node in nodes),
        diagnoses=(*own_faults.judge(faults), *_diagnoses(facts, nodes, differences, replaced)),
    )


def about_rules(report: Report) -> Report:
    """The part of a report that is about rules, and about what kept anybody from looking at them."""
    about = (access.CHECK, cni.CHECK, data_plane.CHECK, modes.LEFT_OVER)
    return replace(report, diagnoses=tuple(each for each in report.diagnoses if each.check in about))


def _look_again(node: Node, before: NodeFacts) -> NodeFacts:
    return node_facts.reread_rules(node).put_into(before)


def _differences(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> Differences:
    """By node, where the rules of the mode that runs differ from what is served."""
    found = {}
    for node in nodes:
        known = () if node.trouble or facts.services_hidden else data_plane.of_families(facts, node)
        found[node.name] = frozenset[Mismatch]().union(
            *(mismatches(facts.served, rules, node.addresses, _here(facts, node, rules.mode)) for rules in known)
        )
    return found


def _here(facts: ClusterFacts, node: NodeFacts, mode: ProxyMode) -> ServingNode | None:
    """The node as the model knows it; None if its version, its configuration or its Node object is not known."""
    version, given = versions.version(facts, node), node.configuration
    found = next((each for each in facts.nodes if each.metadata.name == node.name), None)
    if not version or found is None or given is None or given.trouble:
        return None
    return ServingNode(modelled.node(found), proxy(mode, version, given.fields))


def _diagnoses(
    facts: ClusterFacts, nodes: Sequence[NodeFacts], differences: Differences, replaced: str
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
        conntrack="" if table is None else f"{table.fill:.0%}",
    )
