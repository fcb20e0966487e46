"""Of which version is kube-proxy on each node, and is it the same on all of them?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level
from gauntlet.ground.version import is_version, places
from gauntlet.kube.objects import PodObject
from gauntlet.proxy.metrics import ProxyMetrics

CHECK = "version"


def version(facts: ClusterFacts, node: NodeFacts) -> str:
    """That of kube-proxy itself; else what its pod's image is tagged with; else empty."""
    return version_on(node.name, node.metrics, facts.pods)


def version_on(node: str, metrics: ProxyMetrics | None, pods: Iterable[PodObject]) -> str:
    """The same of what is known of one node alone: what its kube-proxy says, and the pods of all kube-proxies."""
    said = "" if metrics is None else metrics.version
    images = (each.image for pod in pods if pod.spec.node_name == node for each in pod.spec.containers)
    tags = (image.partition("@")[0].rpartition("/")[2].partition(":")[2].lstrip("v") for image in images)
    # A tag may be anything else as well, and so may be what a build of somebody's own says.
    return next(filter(is_version, (said, *tags)), "")


def by_node(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> Mapping[str, str]:
    """The version on each node of which it is known."""
    return {node.name: found for node in nodes if (found := version(facts, node))}


def mixed(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> Mapping[str, str]:
    """The same if they differ; empty if all of them are of one version."""
    found = by_node(facts, nodes)
    return found if len(set(found.values())) > 1 else {}


def judge(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> Iterator[Diagnosis]:
    """A warning if they differ: so it is in the middle of an upgrade, and after one that stopped half-way."""
    if found := mixed(facts, nodes):
        yield Diagnosis(
            CHECK,
            Level.WARNING,
            CLUSTER,
            f"kube-proxies are of different versions: {places(found)}",
            "finish the upgrade before a run: what it finds would be of no single version",
        )
