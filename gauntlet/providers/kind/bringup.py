"""From a kind cluster that was just created to one that serves: nodes, routes, images, proxies, the outside host."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from gauntlet.build import docker
from gauntlet.build.images.making import AGNHOST, Images
from gauntlet.ground.cluster import CommandFailed
from gauntlet.ground.waiting import until
from gauntlet.kube import kubeconfig as kubeconfigs
from gauntlet.kube.api import Api, ApiUnreachable
from gauntlet.kube.api_client import api_client
from gauntlet.kube.objects import NodeObject
from gauntlet.nodes.container import ContainerNode
from gauntlet.providers.kind import network as kind_network
from gauntlet.providers.kind import proxy_images, replacement
from gauntlet.providers.kind.admission import require_version
from gauntlet.providers.kind.cluster import KindRecord, RunningKindCluster, state_dir
from gauntlet.providers.kind.config import PTP
from gauntlet.providers.kind.proxy_images import ProxyImage
from gauntlet.providers.node_record import NodeRecord
from gauntlet.providers.protocol import ClusterSpec
from gauntlet.proxy import ports

_NODES_WITHIN_S = 120.0
_PROXIES_WITHIN_S = 60.0
_IMPORT_S = 120.0
_HEALTHY = [
    "curl",
    "--fail",
    "--silent",
    "--max-time",
    "2",
    "--output",
    "/dev/null",
    f"http://127.0.0.1:{ports.HEALTHZ}/healthz",
]


def finish(spec: ClusterSpec, image: str, images: Images, *, network: str, service_subnet: str) -> KindRecord:
    """Make a new kind cluster serve, and record it. Raises NotInTime if nodes or proxies do not come."""
    kubeconfig = state_dir(spec.name) / "kubeconfig"
    kubeconfigs.sign(kubeconfig, kubeconfigs.Origin("kind", spec.name))
    api = Api(api_client(kubeconfig))
    found = _await_nodes(api, spec.nodes)
    record = KindRecord(
        spec.name,
        str(spec.mode),
        found[0].status.node_info.kubelet_version.removeprefix("v"),
        image,
        images.client,
        _records(found),
        outside="",
        subject=spec.subject.as_json(),
    )
    # Only now is it known of an image whose tag does not say it.
    if not spec.replacements:
        require_version(spec.subject, image, record.version)
    nodes = RunningKindCluster(record).nodes
    kind_network.stop_redirects(nodes)
    if network == PTP:
        kind_network.route_pods(nodes)
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(lambda node: _load(node, images, network), nodes))
    kind_network.start_outside(spec.name, images.client, record.nodes)
    outside = swallow(record, service_subnet)
    _await_ready(api)
    for node in nodes:
        _await_proxy(node)
    record = replace(record, outside=outside[0])
    record.save()
    return record


def swallow(record: KindRecord, service_subnet: str) -> tuple[str, ...]:
    """Have the nodes send what no kube-proxy translated to the host outside. Returns its addresses. Safe to repeat."""
    outside = kind_network.outside_addresses(record.name)
    kind_network.swallow_services(RunningKindCluster(record).nodes, service_subnet, outside)
    return outside


def equip(record: KindRecord, proxies: tuple[ProxyImage, ...]) -> KindRecord:
    """Let the nodes run each of these kube-proxies, and give all of them the first, together."""
    cluster = RunningKindCluster(replace(record, proxies=proxies))
    cluster.record = replace(cluster.record, configuration=replacement.described(Api(cluster.api)))
    proxy_images.load(cluster.nodes, proxies)
    first = cluster.subjects[0]
    with ThreadPoolExecutor(len(cluster.nodes)) as pool:
        list(pool.map(lambda node: cluster.replace_proxy(node.name, first), cluster.nodes))
    return cluster.record


def _nodes(api: Api) -> tuple[NodeObject, ...]:
    return api.list(NodeObject, "/api/v1/nodes")


def _await_nodes(api: Api, count: int) -> tuple[NodeObject, ...]:
    """The Node objects, when all have joined and have their range of pod addresses."""

    def joined() -> tuple[NodeObject, ...] | None:
        found = _nodes(api)
        return found if len(found) == count and all(node.spec.pod_ranges for node in found) else None

    return until(
        joined,
        what=f"all {count} nodes have joined",
        deadline_s=_NODES_WITHIN_S,
        every_s=0.2,
        retry_on=(ApiUnreachable,),
    )


def _await_ready(api: Api) -> None:
    until(
        lambda: all(node.ready for node in _nodes(api)),
        what="all nodes are Ready",
        deadline_s=_NODES_WITHIN_S,
        every_s=0.2,
        remedy="kubectl describe nodes tells why; gauntlet doctor --kind what commonly breaks kind",
    )


def _await_proxy(node: ContainerNode) -> None:
    until(
        lambda: node.proxy_pid() is not None and node.run(_HEALTHY, check=False).code == 0,
        what=f"kube-proxy on {node.name} is healthy",
        deadline_s=_PROXIES_WITHIN_S,
        every_s=0.3,
        retry_on=(CommandFailed,),
        remedy=f"docker exec {node.name} sh -c 'tail /var/log/pods/kube-system_kube-proxy*/*/*.log'",
    )


def _records(found: tuple[NodeObject, ...]) -> tuple[NodeRecord, ...]:
    """Workers first: what hurts the first node of a cluster is not to hurt its control plane."""
    ordered = sorted(found, key=lambda node: (node.is_control_plane, node.metadata.name))
    return tuple(NodeRecord.of(node) for node in ordered)


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
