"""The configs of kind-configs/, and how the provider completes them."""

from __future__ import annotations

import pytest
import yaml

from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.providers.kind import config as kind_config

MODES = tuple(ProxyMode)


@pytest.mark.parametrize("kube", MODES)
def test_there_is_one_for_each_mode(kube: ProxyMode) -> None:
    text = kind_config.path(kube).read_text()
    document = yaml.safe_load(text)
    patches = [yaml.safe_load(patch) for patch in document["kubeadmConfigPatches"]]
    told = document["networking"].get("kubeProxyMode")
    patched = next((patch["mode"] for patch in patches if patch["kind"] == "KubeProxyConfiguration"), None)

    assert (told or patched) == kube
    assert [node["role"] for node in document["nodes"]] == ["control-plane", "worker", "worker"]
    assert kind_config.service_subnet(text) == "10.96.0.0/16"


@pytest.mark.parametrize("kube", [mode for mode in MODES if mode is not ProxyMode.USERSPACE])
def test_new_kubelets_start_on_cgroup_v1(kube: ProxyMode) -> None:
    patches = [
        yaml.safe_load(patch) for patch in yaml.safe_load(kind_config.path(kube).read_text())["kubeadmConfigPatches"]
    ]

    assert {"failCgroupV1": False}.items() <= next(p for p in patches if p["kind"] == "KubeletConfiguration").items()


def test_only_an_image_with_its_own_network_goes_without_a_cni_daemon() -> None:
    text = kind_config.path(ProxyMode.NFTABLES).read_text()

    ours = yaml.safe_load(kind_config.complete(text, nodes=3, image="x/node:abc", network=kind_config.PTP))
    public = yaml.safe_load(kind_config.complete(text, nodes=3, image="x/node:abc", network=""))

    assert ours["networking"]["disableDefaultCNI"] is True
    assert "disableDefaultCNI" not in public["networking"]
    assert ours["networking"]["kubeProxyMode"] == "nftables"


def test_the_first_of_the_nodes_is_the_control_plane() -> None:
    text = kind_config.path(ProxyMode.IPTABLES).read_text()

    nodes = yaml.safe_load(kind_config.complete(text, nodes=4, image="x/node:abc", network=""))["nodes"]

    assert [node["role"] for node in nodes] == ["control-plane", "worker", "worker", "worker"]


def test_what_is_no_kind_config_is_told() -> None:
    with pytest.raises(UsageError, match="no kind config"):
        kind_config.complete("kind: Pod\n", nodes=1, image="", network="")


@pytest.mark.parametrize(
    ("image", "told"), [("kindest/node:v1.34.4@sha256:ab", 0), ("kindest/node:v1.35.1", 1), ("x:1", 1)]
)
def test_an_older_kubelet_is_not_told_what_it_does_not_know(image: str, told: int) -> None:
    text = kind_config.path(ProxyMode.IPTABLES).read_text()

    completed = yaml.safe_load(kind_config.complete(text, nodes=3, image=image, network=""))

    assert len(completed["kubeadmConfigPatches"]) == told


def test_what_a_subject_changes_is_a_patch_of_kube_proxys_configuration() -> None:
    text = kind_config.path(ProxyMode.NFTABLES).read_text()
    wanted: dict[str, Json] = {"featureGates": {"SomeGate": True}, "nftables": {"minSyncPeriod": "1s"}}

    changed = yaml.safe_load(kind_config.complete(text, nodes=3, image="", network="", configuration=wanted))

    kind = {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration"}
    assert yaml.safe_load(changed["kubeadmConfigPatches"][-1]) == {**kind, **wanted}
