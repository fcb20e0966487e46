"""What the kube-proxies of nodes say of their health, for load balancers (/healthz) and for kubelets (/livez)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gauntlet.ground.cluster import Node
from gauntlet.proxy.health import status
from gauntlet.workload.disobeyed import Disobeyed
from gauntlet.workload.health_ports import Heard, hear

HEALTHZ, LIVEZ = "/healthz", "/livez"
SERVES, SERVES_NOT = "200", "503"


def heard(nodes: Sequence[Node], endpoints: Mapping[str, Mapping[str, str]]) -> Heard:
    """What each node says at these endpoints when all say what they should, or at the deadline for that.

    `endpoints` have by the names of nodes what they should say, if not that they serve.
    """
    asked = {f"{node.name} {endpoint}": (node, endpoint) for node in nodes for endpoint in endpoints}
    expected = {name: endpoints[endpoint].get(node.name, SERVES) for name, (node, endpoint) in asked.items()}

    def ask() -> dict[str, str]:
        return {name: status(node, endpoint) for name, (node, endpoint) in asked.items()}

    return hear(expected, ask, Disobeyed())
