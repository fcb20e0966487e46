"""A node that is about to go, as the cluster autoscaler marks one, and what kube-proxies say of their health then."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gauntlet.ground.cluster import Node
from gauntlet.kube.api import Api, Manifest
from gauntlet.proxy.health import status
from gauntlet.workload.disobeyed import Disobeyed
from gauntlet.workload.health_ports import Heard, hear

# ToBeDeletedTaint in pkg/proxy/healthcheck/proxy_health.go; the effect is the autoscaler's.
TAINT = "ToBeDeletedByClusterAutoscaler"
HEALTHZ, LIVEZ = "/healthz", "/livez"
SERVES, LEAVES = "200", "503"


class LeavingNode:
    """The first of the nodes, once it is marked. `remove` takes the mark away, if it is there."""

    def __init__(self, api: Api, nodes: Sequence[Node]) -> None:
        self._api = api
        self._nodes = nodes
        self._path = f"/api/v1/nodes/{nodes[0].name}"
        self._leaving: frozenset[str] = frozenset()

    def mark(self) -> None:
        self._set({"key": TAINT, "value": "gauntlet", "effect": "NoSchedule"})
        self._leaving = frozenset({self._nodes[0].name})

    def remove(self) -> None:
        if self._leaving:
            self._set()
            self._leaving = frozenset()

    def heard(self) -> Heard:
        """What each node's /healthz and /livez say when all say what they should, or at the deadline for that.

        The rule: KEP-3836. A node that leaves says so at /healthz, for load balancers, and not at /livez.
        """
        asked = [(node, endpoint) for node in self._nodes for endpoint in (HEALTHZ, LIVEZ)]
        expected = {
            f"{node.name} {endpoint}": LEAVES if endpoint == HEALTHZ and node.name in self._leaving else SERVES
            for node, endpoint in asked
        }

        def ask() -> dict[str, str]:
            return {f"{node.name} {endpoint}": status(node, endpoint) for node, endpoint in asked}

        return hear(expected, ask, Disobeyed())

    def _set(self, *marks: Manifest) -> None:
        """The list of taints is one field: those of others are written with it."""
        taints = json.loads(self._api.get(self._path))["spec"].get("taints", [])
        others = [each for each in taints if each["key"] != TAINT]
        self._api.merge(self._path, {"spec": {"taints": [*others, *marks]}})
