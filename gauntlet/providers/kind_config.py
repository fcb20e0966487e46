"""What kind is told of a cluster: the file of its mode in kind-configs/, completed for its node image."""

from __future__ import annotations

from pathlib import Path

import yaml

from gauntlet.cluster import ProxyMode
from gauntlet.errors import UsageError
from gauntlet.paths import project_root

# Networking of a node image that brings its pods' network along, with no CNI daemon (gauntlet/images/node).
PTP = "ptp"


def path(mode: ProxyMode) -> Path:
    return project_root() / "kind-configs" / f"{mode}.yaml"


def complete(text: str, *, nodes: int, network: str) -> str:
    """A kind config for so many nodes, the first of which is the control plane, on an image with this networking.

    Raises UsageError for what is no kind config.
    """
    document = yaml.safe_load(text)
    if not isinstance(document, dict) or document.get("kind") != "Cluster":
        raise UsageError("a file of kind-configs/ is no kind config (kind: Cluster)", "git checkout -- kind-configs")
    networking = {**document.get("networking", {})}
    if network == PTP:
        networking["disableDefaultCNI"] = True
    roles = ["control-plane", *["worker"] * (nodes - 1)]
    document = {**document, "networking": networking, "nodes": [{"role": role} for role in roles]}
    return yaml.safe_dump(document, sort_keys=False)


def service_subnet(text: str) -> str:
    """The range of ClusterIPs of a kind config."""
    return str(yaml.safe_load(text)["networking"]["serviceSubnet"])
