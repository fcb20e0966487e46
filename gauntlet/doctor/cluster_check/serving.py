"""A node that was looked at, as the model knows it."""

from __future__ import annotations

from gauntlet.doctor.cluster_check import versions
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.ground.cluster import ProxyMode
from gauntlet.kube.objects import modelled
from gauntlet.proxy.modelled import proxy
from gauntlet.semantics.places import ServingNode


def serving_node(facts: ClusterFacts, node: NodeFacts, mode: ProxyMode) -> ServingNode | None:
    """None if its version, its configuration or its Node object is not known."""
    version, given = versions.version(facts, node), node.configuration
    found = next((each for each in facts.nodes if each.metadata.name == node.name), None)
    if not version or found is None or given is None or given.trouble:
        return None
    return ServingNode(modelled.node(found), proxy(mode, version, given.fields))
