"""Of which version kube-proxy is on each node, before a watch and after it."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.doctor.cluster_check import cluster_facts, node_facts
from gauntlet.doctor.cluster_check.gathering import at_once
from gauntlet.doctor.cluster_check.versions import version_on
from gauntlet.upgrade.watch.target import Watched

# By node; a node of which it is not known is not there.
Versions = Mapping[str, str]


def versions_of(watched: Watched, away: frozenset[str]) -> Versions:
    """Ask each kube-proxy that can be reached, else go by the images of their pods. Raises ApiUnreachable.

    Nothing else is looked at: traffic flows meanwhile, and the look of `doctor --cluster` costs the nodes something.
    """
    configuration, pods = cluster_facts.configuration(watched.api), cluster_facts.proxy_pods(watched.api)
    reached = [node for node in watched.nodes if node.name not in away]
    said = at_once(lambda node: node_facts.metrics_of(node, configuration), reached)
    metrics = {node.name: each for node, each in zip(reached, said, strict=True)}
    names = sorted({*metrics, *(pod.spec.node_name for pod in pods)} - {""})
    found = {name: version_on(name, metrics.get(name), pods) for name in names}
    return {name: version for name, version in found.items() if version}
