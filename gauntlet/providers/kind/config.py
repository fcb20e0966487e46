"""What kind is told of a cluster: the file of its mode in kind-configs/, completed for its node image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import project_root
from gauntlet.ground.version import Minor, minor_of

# Networking of a node image that brings its pods' network along, with no CNI daemon (gauntlet/build/images/node).
PTP = "ptp"

# What kind takes a patch of kube-proxy's configuration by.
_PROXY = {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration"}

# Since this minor version kubelets take what the configs tell them (KubeletCrashLoopBackOffMax is on), and need it.
_SETTLED_KUBELET = (1, 35)


def path(mode: ProxyMode) -> Path:
    return project_root() / "kind-configs" / f"{mode}.yaml"


def complete(
    text: str, *, nodes: int, image: str, network: str, configuration: Mapping[str, Json] | None = None
) -> str:
    """A kind config for so many nodes, the first of which is the control plane, on an image with this networking.

    `configuration` is merged over the KubeProxyConfiguration that kind writes.

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
    if configuration:
        patches = [*patches, yaml.safe_dump({**_PROXY, **configuration}, sort_keys=False)]
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


def version_in(image: str) -> str:
    """The version in the tag of a node image, `1.34.0`; empty if it has none."""
    found = re.search(r":v(\d+\.\d+\.\d+)", image)
    return found[1] if found else ""


def _minor(image: str) -> Minor:
    """The minor version in the tag of a node image, `kindest/node:v1.34.0`; the newest if it has none."""
    found = re.search(r":(v\d+\.\d+)", image)
    return minor_of(found[1]) if found else _SETTLED_KUBELET
