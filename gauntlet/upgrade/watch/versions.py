"""Of which version kube-proxy is on each node, before a watch and after it."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.doctor.cluster_check import cluster_facts, node_facts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.versions import by_node
from gauntlet.upgrade.watch.target import Watched

# By node; a node of which it is not known is not there.
Versions = Mapping[str, str]


def versions_of(watched: Watched, away: frozenset[str]) -> Versions:
    """Ask each kube-proxy that can be reached, else go by the images of their pods. Raises ApiUnreachable."""
    facts = cluster_facts.gather(watched.api)
    reached = {node.name: node for node in watched.nodes if node.name not in away}
    named = {node.metadata.name for node in facts.nodes} | {pod.spec.node_name for pod in facts.pods}
    looked = [
        node_facts.gather(reached[name], facts.configuration) if name in reached else NodeFacts(name)
        for name in sorted(named - {""})
    ]
    return by_node(facts, looked)
