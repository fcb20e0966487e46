"""What a table is asked in: the nodes with their kube-proxies, as the model knows them, and the clients."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from gauntlet.ground.cluster import Cluster, CommandFailed, Host, Node, ProxyMode
from gauntlet.ground.family import Family, family_of
from gauntlet.ground.version import is_version
from gauntlet.kube.api import Api
from gauntlet.kube.objects import NodeObject, modelled
from gauntlet.proxy import metrics
from gauntlet.proxy.configuration import Configuration
from gauntlet.proxy.modelled import proxy
from gauntlet.semantics import objects as model
from gauntlet.semantics.places import Place, ServingNode, Where, World
from gauntlet.workload import addresses, proxy_configuration
from gauntlet.workload.clients import Clients

_NODES = "/api/v1/nodes"


@dataclass(frozen=True)
class Asker:
    """A client, and where the model has it."""

    host: Host
    where: Where

    def place(self, family: Family) -> Place | None:
        """None if it has no address of this family."""
        found = next((each for each in self.host.addresses if family_of(each) is family), None)
        return None if found is None else Place(self.where, self.host.node or "", found)


@dataclass(frozen=True)
class Surroundings:
    """`own` are the addresses of each node's interfaces, `modes` the modes of their kube-proxies.

    `families` are those that are asked. `nobody_else` is whether an address that kube-proxy does not serve is nobody's,
    so that it must not be answered.
    """

    world: World
    askers: tuple[Asker, ...]
    own: Mapping[str, frozenset[str]]
    modes: Mapping[str, ProxyMode]
    families: tuple[Family, ...]
    nobody_else: bool

    @property
    def nodes(self) -> tuple[model.Node, ...]:
        """As the API has them."""
        return tuple(each.node for each in self.world.nodes)


class _Seen(NamedTuple):
    """A node's own addresses, and its kube-proxy: what it was given, and its version."""

    addresses: frozenset[str]
    given: Configuration
    version: str

    @classmethod
    def of(cls, cluster: Cluster, node: Node) -> Self:
        return cls(addresses.of(node), proxy_configuration.read(node), _version(cluster, node))


def look(
    cluster: Cluster, api: Api, clients: Clients, secondary: Mapping[str, tuple[str, ...]] | None = None
) -> Surroundings:
    """Read the Node objects, and of each node its addresses and its kube-proxy: in an upgrade they are not all alike.

    `secondary` are addresses of nodes, by their names, that their Node objects do not have.

    Raises Inconclusive if no kube-proxy runs on a node, or its configuration cannot be read; CommandFailed.
    """
    objects = {each.metadata.name: each for each in api.list(NodeObject, _NODES)}
    askers = (
        *(Asker(each, Where.POD) for each in clients.pods),
        *(Asker(each, Where.NODE) for each in clients.nodes),
        Asker(clients.outside, Where.OUTSIDE),
    )
    with ThreadPoolExecutor(len(cluster.nodes)) as pool:
        found = dict(pool.map(lambda each: (each.name, _Seen.of(cluster, each)), cluster.nodes))
    modes = {name: ProxyMode(each.given.mode) if each.given.mode else cluster.mode for name, each in found.items()}
    serving = tuple(
        ServingNode(
            _with(modelled.node(objects[name]), (secondary or {}).get(name, ())),
            proxy(modes[name], each.version, each.given.fields),
        )
        for name, each in found.items()
    )
    return Surroundings(
        World(serving),
        askers,
        {name: each.addresses for name, each in found.items()},
        modes,
        cluster.families,
        nobody_else=cluster.provider != "existing",
    )


def _with(node: model.Node, secondary: tuple[str, ...]) -> model.Node:
    return replace(node, addresses=(*node.addresses, *secondary))


def _version(cluster: Cluster, node: Node) -> str:
    """What the kube-proxy says itself, where it says so: its metrics may be elsewhere, and a build may say anything."""
    try:
        said = metrics.read(node).version
    except CommandFailed:
        return cluster.version
    return said if is_version(said) else cluster.version
