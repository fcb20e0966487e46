"""In which mode, and of which version, is kube-proxy of somebody's cluster? A run there has to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gauntlet.doctor.cluster_check import cluster_facts, cni, modes, node_facts, versions
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.gathering import at_once
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.ground.cluster import Node, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.version import numbers
from gauntlet.kube.api import Api

_REMEDY = "gauntlet doctor --cluster tells what is there"


@dataclass(frozen=True)
class Detected:
    """The mode of every kube-proxy, and the version (`1.37.2`) of the oldest.

    `versions` are those of all of them, by node, if they differ; empty if not.
    """

    mode: ProxyMode
    version: str
    versions: Mapping[str, str]


def detect(api: Api) -> Detected:
    """By what the API server alone tells: ConfigMap and logs. Changes nothing.

    Raises UsageError if there is no kube-proxy to test, or where nodes are in different modes.
    """
    return detected(cluster_facts.gather(api))


def detected(facts: ClusterFacts) -> Detected:
    """What these facts tell. Raises UsageError as `detect` does."""
    replaced = cni.replacement(facts)
    if replaced:
        raise UsageError(f"{replaced} replaces kube-proxy in this cluster: there is nothing to test", _REMEDY)
    nodes = [NodeFacts(name) for name in sorted({pod.spec.node_name for pod in facts.pods if pod.spec.node_name})]
    found = {node.name: modes.effective(facts, node) for node in nodes}
    different = {mode for mode in found.values() if mode is not None}
    if not nodes or not different:
        what = (
            f"no pod {cluster_facts.LABEL} in kube-system" if not nodes else "neither ConfigMap nor log tells its mode"
        )
        denied = f"; not to be read: {', '.join(facts.forbidden)}" if facts.forbidden else ""
        raise UsageError(f"kube-proxy was not found in this cluster: {what}{denied}", _REMEDY)
    if len(different) > 1:
        told = ", ".join(f"{name}: {mode}" for name, mode in sorted(found.items()))
        raise UsageError(f"kube-proxies of this cluster are in different modes ({told})", "finish the switch first")
    known = versions.by_node(facts, nodes)
    oldest = min(known.values(), default=facts.version, key=numbers)
    return Detected(different.pop(), oldest, versions.mixed(facts, nodes))


def confirm(api: Api, nodes: Sequence[Node], mode: ProxyMode) -> Mapping[str, str]:
    """Ask every kube-proxy itself, on its node, by /proxyMode and by the rules there. Changes nothing.

    Returns what they say their versions are, by node, if these differ; nothing if not.
    Raises UsageError if one is in another mode.
    """
    facts = cluster_facts.gather(api)
    looked = at_once(lambda node: node_facts.gather(node, facts.configuration), nodes)
    for node in looked:
        found = modes.effective(facts, node)
        if found is not mode:
            said = ", ".join(f"{source}: {each}" for source, each in modes.sources(facts, node).items())
            reason = node.unseen or said or "nothing tells"
            raise UsageError(
                f"kube-proxy on {node.name} is in {found or 'an unknown'} mode, not in {mode} ({reason})",
                "restart kube-proxy there, or finish the switch of the mode",
            )
    return versions.mixed(facts, looked)
