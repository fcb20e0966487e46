"""What could not be looked at: parts of the API that may not be read, and nodes on which no command runs."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level

CHECK = "access"


def judge_cluster(facts: ClusterFacts) -> Iterator[Diagnosis]:
    """One for each path."""
    for path in facts.forbidden:
        remedy = "give the user of this kubeconfig the right to get and list it, or take another user"
        yield Diagnosis(CHECK, Level.UNKNOWN, CLUSTER, f"the API server does not let us read {path}", remedy)


def judge_node(node: NodeFacts, remedy: str) -> Iterator[Diagnosis]:
    """`remedy` says what is not known because of that."""
    if node.unseen:
        yield Diagnosis(CHECK, Level.UNKNOWN, node.name, f"no look at the node: {node.unseen}", remedy)
