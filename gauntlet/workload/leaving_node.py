"""A node that is about to go, as the cluster autoscaler marks one, and what kube-proxies say of their health then."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gauntlet.ground.cluster import Node
from gauntlet.kube.api import Api, Manifest
from gauntlet.workload import node_health
from gauntlet.workload.health_ports import Heard
from gauntlet.workload.node_health import HEALTHZ, LIVEZ, SERVES_NOT

# ToBeDeletedTaint in pkg/proxy/healthcheck/proxy_health.go; the effect is the autoscaler's.
TAINT = "ToBeDeletedByClusterAutoscaler"


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
        return node_health.heard(self._nodes, {HEALTHZ: dict.fromkeys(self._leaving, SERVES_NOT), LIVEZ: {}})

    def _set(self, *marks: Manifest) -> None:
        """The list of taints is one field: those of others are written with it."""
        taints = json.loads(self._api.get(self._path))["spec"].get("taints", [])
        others = [each for each in taints if each["key"] != TAINT]
        self._api.merge(self._path, {"spec": {"taints": [*others, *marks]}})
