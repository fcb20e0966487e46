"""Images of the Kubernetes components, under the names that kubeadm asks for."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from gauntlet.build.images.recipe import Recipe
from gauntlet.ground.errors import GauntletError

_HERE = Path(__file__).parent
_KUBEADM_S = 30.0


def wanted(kubeadm: Path, version: str) -> dict[str, str]:
    """Name of each image that kubeadm deploys ("kube-apiserver", "coredns", "pause") -> its full name with the tag.

    `version` is the full one, `1.37.2`. Raises GauntletError if kubeadm does not tell.
    """
    argv = [str(kubeadm), "config", "images", "list", f"--kubernetes-version=v{version}"]
    asked = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_KUBEADM_S, check=False
    )
    if asked.returncode != 0:
        raise GauntletError(f"`{' '.join(argv)}` ended with {asked.returncode}: {asked.stderr.strip()}")
    return {line.rpartition(":")[0].rpartition("/")[2]: line for line in asked.stdout.split()}


def recipes(programs: Mapping[str, Path], roots: Mapping[str, str]) -> dict[str, Recipe]:
    """A recipe for each image of `wanted`. `roots` are the tags of the two Debians, by argument of a Dockerfile."""
    made = {
        name: Recipe(name, _HERE / "component.Dockerfile", {name: programs[name]}, {"PROGRAM": name})
        for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    }
    made["coredns"] = Recipe("coredns", _HERE / "coredns.Dockerfile", {"coredns": programs["coredns"]})
    made["kube-proxy"] = kube_proxy(programs["kube-proxy"], roots["NODE_ROOT"])
    made["pause"] = Recipe("pause", _HERE / "pause.Dockerfile", {}, {"CLIENT_ROOT": roots["CLIENT_ROOT"]})
    return made


def kube_proxy(program: Path, node_root: str) -> Recipe:
    files = {"kube-proxy": program, "collect": _HERE / "collect.sh"}
    return Recipe("kube-proxy", _HERE / "kube-proxy.Dockerfile", files, {"NODE_ROOT": node_root})


def agnhost(program: Path, client_root: str) -> Recipe:
    return Recipe("agnhost", _HERE / "agnhost.Dockerfile", {"agnhost": program}, {"CLIENT_ROOT": client_root})
