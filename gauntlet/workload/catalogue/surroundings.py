"""What a table is asked in: the nodes with their kube-proxies, as the model knows them, and the clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.ground.cluster import Cluster, Host, Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import Family
from gauntlet.kube.api import Api
from gauntlet.kube.objects import NodeObject, modelled
from gauntlet.proxy.given import given
from gauntlet.proxy.modelled import proxy
from gauntlet.semantics.places import Place, ServingNode, Where, World
from gauntlet.workload import addresses
from gauntlet.workload.clients import Clients

_NODES = "/api/v1/nodes"


@dataclass(frozen=True)
class Asker:
    """A client, and where the model has it."""

    host: Host
    where: Where

    def place(self, family: Family) -> Place | None:
        """None if it has no address of this family."""
        found = next((each for each in self.host.addresses if (":" in each) is (family is Family.IPV6)), None)
        return None if found is None else Place(self.where, self.host.node or "", found)


@dataclass(frozen=True)
class Surroundings:
    """`own` are the addresses of each node's interfaces. `families` are those that are asked.

    `nobody_else` is whether an address that kube-proxy does not serve is nobody's, so that it must not be answered.
    """

    world: World
    askers: tuple[Asker, ...]
    own: Mapping[str, frozenset[str]]
    families: tuple[Family, ...]
    nobody_else: bool


def look(cluster: Cluster, api: Api, clients: Clients) -> Surroundings:
    """Read the Node objects, and of each node its addresses and the configuration of its kube-proxy.

    Raises Inconclusive if no kube-proxy runs on a node, or its configuration cannot be read; CommandFailed.
    """
    objects = {each.metadata.name: each for each in api.list(NodeObject, _NODES)}
    askers = (
        *(Asker(each, Where.POD) for each in clients.pods),
        *(Asker(each, Where.NODE) for each in clients.nodes),
        Asker(clients.outside, Where.OUTSIDE),
    )
    return Surroundings(
        World(tuple(_serving(cluster, each, objects[each.name]) for each in cluster.nodes)),
        askers,
        {each.name: addresses.of(each) for each in cluster.nodes},
        cluster.families,
        nobody_else=cluster.provider != "existing",
    )


def _serving(cluster: Cluster, node: Node, found: NodeObject) -> ServingNode:
    pid = node.proxy_pid()
    if pid is None:
        raise Inconclusive(f"no kube-proxy runs on {node.name}", "look at its log")
    arguments = node.run(("cat", f"/proc/{pid}/cmdline")).stdout.split("\0")[1:]
    configuration = given(node, pid, arguments)
    if configuration is None or configuration.trouble:
        raise Inconclusive(
            f"the configuration of kube-proxy on {node.name} cannot be read",
            f"gauntlet doctor --cluster {cluster.name}",
        )
    return ServingNode(modelled.node(found), proxy(cluster.mode, cluster.version, configuration.fields))
