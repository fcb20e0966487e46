"""Node objects that change while the machines behind them do not, and what a kube-proxy does of itself then."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from gauntlet.ground.cluster import Cluster, Json, Node
from gauntlet.ground.version import Minor, is_version, minor_of
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.kube.api import Api, delete_if_there
from gauntlet.kube.objects.nodes import ZONE
from gauntlet.proxy import restart
from gauntlet.workload.proxy_configuration import restart_on

_NODES = "/api/v1/nodes"
# Within this a kube-proxy has ended that ends because of a change, as those do that watch the addresses of their Node
# object (OnNodeChange and OnNodeDelete in pkg/proxy/node.go).
_ENDS_WITHIN_S = 5.0
_ENDS_SINCE: Minor = (1, 37)


class NodeObjects:
    """Changes Node objects of one cluster. `restore` makes them what they were."""

    def __init__(self, cluster: Cluster, api: Api) -> None:
        self._cluster = cluster
        self._api = api
        self._undo: list[Callable[[], None]] = []
        # Of nodes whose addresses are to be what they were: whether their kube-proxy has not taken up the last ones.
        self._stale: dict[str, bool] = {}

    def put_into_zone(self, name: str, zone: str) -> None:
        former = self._read(name)["metadata"]["labels"].get(ZONE)
        self._undo.append(lambda: self._say_zone(name, former))
        self._say_zone(name, zone)

    def give_addresses(self, node: Node, addresses: Sequence[str]) -> None:
        """Let the object say that these are the node's InternalIPs, the primary ones first.

        If its kube-proxy ends for that, as it does since 1.37, returns when the next one has its rules in effect. One
        that stays is left alone: nobody restarts it when a node gets another address.
        """
        former = self._read(node.name)["status"]["addresses"]
        others = [each for each in former if each["type"] != "InternalIP"]
        said = [*({"type": "InternalIP", "address": each} for each in addresses), *others]
        if node.name not in self._stale:
            self._stale[node.name] = False
            self._undo.append(lambda: self._renew(node, former))
        before = node.proxy_pid()
        self._say_addresses(node.name, said)
        await_end(node, self._cluster, before)
        self._stale[node.name] = node.proxy_pid() == before
        if not self._stale[node.name]:
            restart.await_anew(node, self._cluster, before)

    def add(self, name: str, zone: str) -> None:
        """Create a Node that no machine is behind, and that no Pod is bound to."""
        self._undo.append(lambda: delete_if_there(self._api, f"{_NODES}/{name}"))
        self._api.post(_NODES, {"metadata": {"name": name, "labels": {ZONE: zone}}, "spec": {"unschedulable": True}})

    def take_away(self, name: str) -> None:
        """Delete a Node that was added."""
        self._api.delete(f"{_NODES}/{name}")

    def delete(self, node: Node) -> None:
        """Delete the object of a node that is there. Returns when its kube-proxy has ended, if it ends for that."""
        former = self._read(node.name)
        before = node.proxy_pid()
        self._undo.append(lambda: self._make_again(node, former, before))
        self._api.delete(f"{_NODES}/{node.name}")
        await_end(node, self._cluster, before)

    def restore(self) -> None:
        """Make the objects what they were, the last change first; every kube-proxy then serves by them."""
        while self._undo:
            self._undo.pop()()
        self._stale.clear()

    def _read(self, name: str) -> Any:
        """The whole object, as the API server writes it: what is not looked at is to be kept as well."""
        return json.loads(self._api.get(f"{_NODES}/{name}"))

    def _say_zone(self, name: str, zone: str | None) -> None:
        self._api.merge(f"{_NODES}/{name}", {"metadata": {"labels": {ZONE: zone}}})

    def _say_addresses(self, name: str, said: Json) -> None:
        self._api.merge(f"{_NODES}/{name}/status", {"status": {"addresses": said}})

    def _renew(self, node: Node, addresses: Json) -> None:
        """Give a node back the addresses that it had, and its kube-proxy, unless all that is so already."""
        before = node.proxy_pid()
        if self._read(node.name)["status"]["addresses"] != addresses:
            self._say_addresses(node.name, addresses)
            renewed(node, self._cluster, before)
        elif self._stale[node.name]:
            restart_on(self._cluster, [node])

    def _make_again(self, node: Node, former: Any, before: int | None) -> None:
        kept = {key: former["metadata"][key] for key in ("name", "labels", "annotations") if key in former["metadata"]}
        self._api.post(_NODES, {"metadata": kept, "spec": former["spec"]})
        self._api.merge(f"{_NODES}/{node.name}/status", {"status": former["status"]})
        renewed(node, self._cluster, before)


def await_end(node: Node, cluster: Cluster, old: int | None) -> None:
    """Wait until this kube-proxy has ended, if one of its version does and it does so soon."""
    if not may_end(cluster.version):
        return
    with suppress(NotInTime):
        until(lambda: node.proxy_pid() != old, what="kube-proxy ends by itself", deadline_s=_ENDS_WITHIN_S)


def may_end(version: str) -> bool:
    """Whether a kube-proxy of this version may end when its Node object changes; one that nobody can place may."""
    return not is_version(version) or minor_of(version) >= _ENDS_SINCE


def renewed(node: Node, cluster: Cluster, old: int | None) -> None:
    """Return when the node has another kube-proxy than `old`, with its rules in effect. One that stays is restarted."""
    await_end(node, cluster, old)
    if node.proxy_pid() == old:
        node.run(("sh", "-c", restart.RESTART))
    restart.await_anew(node, cluster, old)
