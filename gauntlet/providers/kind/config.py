"""What kind is told of a cluster: the file of its mode in kind-configs/, completed for its node image."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import project_root

# Networking of a node image that brings its pods' network along, with no CNI daemon (gauntlet/build/images/node).
PTP = "ptp"

# Since this minor version kubelets take what the configs tell them (KubeletCrashLoopBackOffMax is on), and need it.
_SETTLED_KUBELET = 35


def path(mode: ProxyMode) -> Path:
    return project_root() / "kind-configs" / f"{mode}.yaml"


def complete(text: str, *, nodes: int, image: str, network: str) -> str:
    """A kind config for so many nodes, the first of which is the control plane, on an image with this networking.

    Settings of kubelets that are newer than the image's tag says are left out: an older one would not start with them.
    Raises UsageError for what is no kind config.
    """
    document = yaml.safe_load(text)
    if not isinstance(document, dict) or document.get("kind") != "Cluster":
        raise UsageError("a file of kind-configs/ is no kind config (kind: Cluster)", "git checkout -- kind-configs")
    networking = {**document.get("networking", {})}
    if network == PTP:
        networking["disableDefaultCNI"] = True
    roles = ["control-plane", *["worker"] * (nodes - 1)]
    patches = document.get("kubeadmConfigPatches", [])
    if _minor(image) < _SETTLED_KUBELET:
        patches = [patch for patch in patches if yaml.safe_load(patch).get("kind") != "KubeletConfiguration"]
    document = {
        **document,
        "networking": networking,
        "kubeadmConfigPatches": patches,
        "nodes": [{"role": role} for role in roles],
    }
    return yaml.safe_dump(document, sort_keys=False)


def service_subnet(text: str) -> str:
    """The range of ClusterIPs of a kind config."""
    return str(yaml.safe_load(text)["networking"]["serviceSubnet"])


def _minor(image: str) -> int:
    """The minor version in the tag of a node image, `kindest/node:v1.34.0`; the newest where it has none."""
    found = re.search(r":v1\.(\d+)", image)
    return int(found[1]) if found else _SETTLED_KUBELET
