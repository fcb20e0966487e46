"""From a kind cluster that was just created to one that serves: nodes, routes, images, proxies, the outside host."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from gauntlet import docker
from gauntlet.cluster import CommandFailed
from gauntlet.images.making import AGNHOST, Images
from gauntlet.nodes.container import MEMBER_LABEL, ContainerNode
from gauntlet.providers import kind_network
from gauntlet.providers import kubeconfig as kubeconfigs
from gauntlet.providers.api import Api, ApiUnreachable
from gauntlet.providers.api_client import api_client
from gauntlet.providers.kind_cluster import KindRecord, NodeRecord, RunningKindCluster, state_dir
from gauntlet.providers.kind_config import PTP
from gauntlet.providers.protocol import ClusterSpec
from gauntlet.waiting import until

__all__ = ["MEMBER_LABEL", "finish"]

_NODES_WITHIN_S = 120.0
_PROXIES_WITHIN_S = 60.0
_IMPORT_S = 120.0
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_HEALTHY = ["curl", "--fail", "--silent", "--max-time", "2", "--output", "/dev/null", "http://127.0.0.1:10256/healthz"]


def finish(spec: ClusterSpec, image: str, images: Images, *, network: str, service_subnet: str) -> KindRecord:
    """Make a new kind cluster serve, and record it. Raises NotInTime where nodes or proxies do not come."""
    kubeconfig = state_dir(spec.name) / "kubeconfig"
    _sign(kubeconfig, spec.name)
    api = Api(api_client(kubeconfig))
    found = _await_nodes(api, spec.nodes)
    record = KindRecord(spec.name, str(spec.mode), _version(found), image, images.client, _records(found), outside="")
    nodes = RunningKindCluster(record).nodes
    if network == PTP:
        kind_network.route_pods(nodes)
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(lambda node: _load(node, images, network), nodes))
    outside = kind_network.start_outside(spec.name, images.client, record.nodes)
    kind_network.swallow_services(nodes, service_subnet, outside)
    _await_ready(api)
    for node in nodes:
        _await_proxy(node)
    record = KindRecord(**{**vars(record), "outside": outside})
    record.save()
    return record


def _sign(kubeconfig: Path, cluster: str) -> None:
    """Write into the kubeconfig whose cluster it is, as `kubeconfigs.render` does."""
    document = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    mark = {"name": kubeconfigs.EXTENSION, "extension": {"provider": "kind", "cluster": cluster}}
    for each in document["clusters"]:
        each["cluster"]["extensions"] = [mark]
    kubeconfig.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _await_nodes(api: Api, count: int) -> list[dict[str, object]]:
    """The Node objects, when all have joined and have their range of pod addresses."""

    def joined() -> list[dict[str, object]] | None:
        items = json.loads(api.get("/api/v1/nodes"))["items"]
        return items if len(items) == count and all(item["spec"].get("podCIDR") for item in items) else None

    return until(
        joined,
        what=f"all {count} nodes have joined",
        deadline_s=_NODES_WITHIN_S,
        every_s=0.2,
        retry_on=(ApiUnreachable,),
    )


def _await_ready(api: Api) -> None:
    def all_ready() -> bool:
        items = json.loads(api.get("/api/v1/nodes"))["items"]
        return all(
            condition["status"] == "True"
            for item in items
            for condition in item["status"]["conditions"]
            if condition["type"] == "Ready"
        )

    until(all_ready, what="all nodes are Ready", deadline_s=_NODES_WITHIN_S, every_s=0.2)


def _await_proxy(node: ContainerNode) -> None:
    until(
        lambda: node.proxy_pid() is not None and node.run(_HEALTHY, check=False).code == 0,
        what=f"kube-proxy on {node.name} is healthy",
        deadline_s=_PROXIES_WITHIN_S,
        every_s=0.3,
        retry_on=(CommandFailed,),
        remedy=f"docker exec {node.name} sh -c 'tail /var/log/pods/kube-system_kube-proxy*/*/*.log'",
    )


def _records(found: list[dict[str, object]]) -> tuple[NodeRecord, ...]:
    """Workers first: what hurts the first node of a cluster is not to hurt its control plane."""
    items = json.loads(json.dumps(found))
    items.sort(key=lambda item: (_CONTROL_PLANE in item["metadata"].get("labels", {}), item["metadata"]["name"]))
    return tuple(
        NodeRecord(
            item["metadata"]["name"],
            next(each["address"] for each in item["status"]["addresses"] if each["type"] == "InternalIP"),
            item["spec"]["podCIDR"],
        )
        for item in items
    )


def _version(found: list[dict[str, object]]) -> str:
    items = json.loads(json.dumps(found))
    return str(items[0]["status"]["nodeInfo"]["kubeletVersion"]).removeprefix("v")


def _load(node: ContainerNode, images: Images, network: str) -> None:
    """Import what this node's containerd lacks of the probes' images. Ours has agnhost under its public name."""
    wanted = {images.client: images.client}
    if network != PTP and docker.has_image(images.agnhost):
        wanted[AGNHOST] = images.agnhost
    for name, tag in wanted.items():
        present = node.run(["ctr", "--namespace=k8s.io", "images", "list", "--quiet"]).stdout.split()
        if any(each in (name, f"docker.io/{name}") for each in present):
            continue
        ctr = ("ctr", "--namespace=k8s.io", "images", "import", "--local", "-")
        docker.pipe(("save", tag), ("exec", "--interactive", node.container, *ctr), timeout_s=_IMPORT_S)
        if name != tag:
            node.run(["ctr", "--namespace=k8s.io", "images", "tag", f"docker.io/{tag}", name])
