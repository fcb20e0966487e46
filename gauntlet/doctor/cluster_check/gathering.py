"""One look at a cluster: what the API server says of it, and what is really there on each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from gauntlet.doctor.cluster_check import cluster_facts, cni, node_facts
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.ground.cluster import Node
from gauntlet.kube.api import Api

_AT_ONCE = 8

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Gathered:
    """What one look found. `nodes` is empty where kube-proxy is replaced: nobody looks at them then."""

    facts: ClusterFacts
    nodes: tuple[NodeFacts, ...]


def gather(api: Api, nodes: Sequence[Node], *, no_way_in: str = "") -> Gathered:
    """Look once. `nodes` are those that commands can reach; `no_way_in` says why others cannot be.

    Nothing is changed. Raises ApiUnreachable, and ApiRefused for other reasons than a missing right.
    """
    facts = cluster_facts.gather(api)
    if cni.replacement(facts):
        return Gathered(facts, ())
    reachable = {node.name: node for node in nodes}

    def look(name: str) -> NodeFacts:
        node = reachable.get(name)
        if node is None:
            return NodeFacts(name, unseen=no_way_in or "it is no node that commands can reach")
        return node_facts.gather(node, facts.configuration)

    return Gathered(facts, at_once(look, facts.linux_nodes or tuple(reachable)))


def at_once(look: Callable[[T], R], places: Iterable[T]) -> tuple[R, ...]:
    """What a look at each of these brings, at a few of them at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(look, places))
