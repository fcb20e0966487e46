"""The KubeProxyConfiguration of a cluster while cases run: changed by one, and as before for the next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from gauntlet.ground.cluster import Cluster, Json, Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.fields import merged
from gauntlet.proxy import restart
from gauntlet.proxy.cleanup import start_over
from gauntlet.proxy.configuration import OWN_NAME, Configuration
from gauntlet.proxy.given import given

# What kube-proxy sets with strictARP, and without it leaves as it is (NewProxier in pkg/proxy/ipvs/proxier.go).
_NO_STRICT_ARP = "for each in arp_ignore arp_announce; do echo 0 > /proc/sys/net/ipv4/conf/all/$each; done"
# As Go writes them (time.ParseDuration); without a unit, or empty, one is an error.
_DURATION = re.compile(r"(\d+(\.\d+)?(ms|s|m|h))+")


class ProxyConfiguration:
    """Changes the KubeProxyConfiguration, and restarts the kube-proxies that are to take it up."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._changed: dict[str, Node] = {}
        self._former: dict[str, Json] = {}

    def change(self, changes: Mapping[str, Json], nodes: Sequence[Node]) -> None:
        """Merge these changes, and return when these nodes have a new kube-proxy with its rules in effect."""
        self._remember(changes, nodes)
        self._write(changes, nodes)

    def only(self, changes: Mapping[str, Json], nodes: Sequence[Node]) -> None:
        """The same, and all changes before these are undone by the same restart."""
        self._remember(changes, nodes)
        self._write(merged(self._former, changes), nodes)

    def restore(self) -> None:
        """Give the nodes that were changed the configuration that they had, which all others have."""
        nodes = tuple(self._changed.values())
        if nodes:
            self._write(self._former, nodes)
            self._forget()

    def start_over(self) -> None:
        """The same, and have all of them begin without rules, by the same restart."""
        if self._changed:
            self._cluster.configure_proxies(self._former)
            start_over(self._cluster)
            self._forget()

    def _forget(self) -> None:
        for node in self._changed.values():
            node.run(("sh", "-ec", _NO_STRICT_ARP))
        self._changed.clear()
        self._former.clear()

    def _remember(self, changes: Mapping[str, Json], nodes: Sequence[Node]) -> None:
        """What was there first counts, however often it is changed."""
        self._former = merged(former(changes, read(nodes[0]).fields), self._former)
        self._changed.update({node.name: node for node in nodes})

    def _write(self, changes: Mapping[str, Json], nodes: Sequence[Node]) -> None:
        self._cluster.configure_proxies(changes)
        restart_on(self._cluster, nodes)


def restart_on(cluster: Cluster, nodes: Sequence[Node]) -> None:
    """Restart the kube-proxies of these nodes at once. Returns when each has a new one with its rules in effect."""
    old = {node.name: node.proxy_pid() for node in nodes}
    for node in nodes:
        node.run(("sh", "-c", restart.RESTART))
    with ThreadPoolExecutor(len(nodes)) as pool:
        # Read to its end, lest what one of them raised is lost.
        list(pool.map(lambda node: restart.await_anew(node, cluster, old[node.name]), nodes))


def former(changes: Mapping[str, Json], fields: Mapping[str, Json]) -> dict[str, Json]:
    """What these fields had before they are changed: what was set, else what means the same as nothing.

    Not the name of a node, which comes back by itself (Cluster.configure_proxies).
    """
    made: dict[str, Json] = {}
    for name, value in changes.items():
        if name == OWN_NAME:
            continue
        had = fields.get(name)
        if isinstance(value, Mapping):
            made[name] = former(value, had if isinstance(had, Mapping) else {})
        else:
            made[name] = _nothing(value) if had is None else had
    return made


def _nothing(like: Json) -> Json:
    if isinstance(like, bool):
        return False
    if isinstance(like, int):
        return 0
    if isinstance(like, str):
        return "0s" if _DURATION.fullmatch(like) else ""
    return [] if isinstance(like, Sequence) else ""


def read(node: Node) -> Configuration:
    """What the kube-proxy of a node was given.

    Raises Inconclusive if none runs there, or it cannot be read.
    """
    pid = node.proxy_pid()
    if pid is None:
        raise Inconclusive(f"no kube-proxy runs on {node.name}", "look at its log")
    arguments = node.run(("cat", f"/proc/{pid}/cmdline")).stdout.split("\0")[1:]
    configuration = given(node, pid, arguments)
    if configuration is None or configuration.trouble:
        raise Inconclusive(
            f"the configuration of kube-proxy on {node.name} cannot be read", "gauntlet doctor --cluster says why"
        )
    return configuration
