"""Looks at somebody's cluster, by reading alone: what a run there could use, and what it must do without."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from dataclasses import dataclass, replace

from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.family import BOTH, Family, family_of, place
from gauntlet.kube.access import Access, access
from gauntlet.kube.api import Api
from gauntlet.kube.kubeconfig import origin
from gauntlet.kube.objects import SERVICE_NAME, EndpointSlice, NodeObject, ServiceObject, Version
from gauntlet.kube.objects.nodes import ZONE
from gauntlet.providers.existing import marker
from gauntlet.providers.existing.options import ExistingOptions, at_once, is_selector
from gauntlet.providers.node_record import NodeRecord, families
from gauntlet.providers.registry import provider

_KUBELET_PORT = 10250
_CONNECT_S = 3.0


@dataclass(frozen=True)
class Survey:
    """`nodes` are those that take part: Linux nodes that are ready, the targets first, the control plane last.

    `outside` is this machine's address as it reaches the nodes. `routed` says that a router is on that way, and
    `balanced` that something in the cluster gives LoadBalancer Services an address.
    """

    access: Access
    identity: str
    nodes: tuple[NodeObject, ...]
    targets: tuple[str, ...]
    at_once: int
    version: str
    api_address: str
    outside: str
    routed: bool
    balanced: bool

    @property
    def name(self) -> str:
        return cluster_name(self.access.context, self.identity)

    @property
    def has_pod_ranges(self) -> bool:
        """Whether each node says which addresses its pods have."""
        return all(node.spec.pod_ranges for node in self.nodes)

    @property
    def has_zones(self) -> bool:
        """Whether the first two nodes say that they are in zones, each in another."""
        zones = [node.metadata.labels.get(ZONE, "") for node in self.nodes[:2]]
        return all(zones) and len(set(zones)) == len(zones) == 2

    @property
    def families(self) -> tuple[Family, ...]:
        """The IP families of its nodes and pods."""
        return families([NodeRecord.of(node) for node in self.nodes])

    @property
    def is_dual_stack(self) -> bool:
        """Whether each node has addresses and pod ranges of both IP families."""
        return len(self.families) == len(BOTH)


def cluster_name(context: str, identity: str) -> str:
    """Of somebody's cluster, for this user: the context's, and a part of what tells the cluster from all others."""
    readable = re.sub(r"[^a-z0-9]+", "-", context.lower()).strip("-")[:40].strip("-")
    return f"{readable}-{identity[:8]}"


def survey(options: ExistingOptions) -> Survey:
    """Look at the cluster that these options mean. Changes nothing.

    Raises UsageError if the gauntlet may not act there, or where the options fit nothing in it, EnvironmentUnfit
    where this machine does not reach its nodes.
    """
    found = glance(options)
    _refuse_unreachable(found.access)
    outside, routed = _reach(found.nodes)
    return replace(found, outside=outside, routed=routed)


def glance(options: ExistingOptions) -> Survey:
    """The same for who needs no host outside of the cluster: as if there were none."""
    found = access(options.kubeconfig, options.context)
    api = Api(found.client)
    marker.admit(api, found.context, options.allow_context)
    nodes = tuple(node for node in nodes_of(api) if node.is_linux and node.ready and node.address)
    if not nodes:
        raise UsageError("the cluster has no Linux node that is ready", "kubectl get nodes")
    targets = _targets(api, options.targets, nodes)
    return Survey(
        access=found,
        identity=marker.identity(api),
        nodes=tuple(
            sorted(
                nodes, key=lambda node: (node.metadata.name not in targets, node.is_control_plane, node.metadata.name)
            )
        ),
        targets=targets,
        at_once=at_once(options.blast, len(nodes)),
        version=api.one(Version, "/version").git_version.removeprefix("v"),
        api_address=_api_address(api),
        outside="",
        routed=True,
        balanced=is_balanced(api),
    )


def nodes_of(api: Api, selector: str = "") -> tuple[NodeObject, ...]:
    """The nodes with these labels, ready or not."""
    return api.list(NodeObject, "/api/v1/nodes", {"labelSelector": selector} if selector else {})


def _targets(api: Api, asked: str, nodes: tuple[NodeObject, ...]) -> tuple[str, ...]:
    """Names of the nodes that may be hurt. Raises UsageError if one is not there, or none matches."""
    if not asked:
        return ()
    there = {node.metadata.name for node in nodes}
    if is_selector(asked):
        names = sorted(node.metadata.name for node in nodes_of(api, asked))
    else:
        names = [name for name in asked.split(",") if name]
    missing = [name for name in names if name not in there]
    if missing or not names:
        what = f"no ready Linux node {', '.join(missing)}" if missing else f"no node has the labels {asked}"
        raise UsageError(f"--kp-target-nodes={asked}: there is {what}", f"nodes are: {', '.join(sorted(there))}")
    return tuple(names)


def _api_address(api: Api) -> str:
    """What stands behind the Service default/kubernetes: the API server as nodes reach it."""
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    for each in api.list(EndpointSlice, path, {"labelSelector": f"{SERVICE_NAME}=kubernetes"}):
        for endpoint in each.endpoints:
            if endpoint.addresses and each.ports:
                return place(endpoint.addresses[0], each.ports[0].port)
    raise GauntletError("the Service default/kubernetes has no endpoint", "is the control plane sound?")


def is_balanced(api: Api) -> bool:
    """Whether any LoadBalancer Service of the cluster has an address: then new ones get one too."""
    return any(service.ingress for service in api.list(ServiceObject, "/api/v1/services"))


def _refuse_unreachable(found: Access) -> None:
    """Raises UsageError for a cluster that no way leads to: a packet for one of its nodes would leave this machine."""
    made = origin(found.kubeconfig, found.context)
    if made is not None and not provider(made.provider).reachable:
        raise UsageError(
            f"{made.cluster} is a {made.provider} cluster, whose nodes no host outside can reach",
            f"leave --kp-provider out: pytest suites --kubeconfig={found.kubeconfig}",
        )


def _reach(nodes: tuple[NodeObject, ...]) -> tuple[str, bool]:
    """This machine's address on the way to the nodes, and whether a router is on it. Raises EnvironmentUnfit."""
    own = ""
    for node in nodes:
        try:
            with socket.create_connection((node.address, _KUBELET_PORT), timeout=_CONNECT_S) as connection:
                own = str(connection.getsockname()[0])
        except ConnectionRefusedError:
            continue  # nothing listens there, but the node is reached
        except OSError as error:
            raise EnvironmentUnfit(
                f"this machine does not reach node {node.metadata.name} at {node.address}: {error}",
                "it stands for the clients outside the cluster: run the gauntlet on a machine in the nodes' network",
            ) from None
    return own or _source(nodes[0].address), any(_is_routed(node.address) for node in nodes)


def _source(address: str) -> str:
    """The address that packets from here to there carry. Sends none."""
    family = socket.AF_INET6 if family_of(address) is Family.IPV6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, _KUBELET_PORT))
        return str(probe.getsockname()[0])


def _is_routed(address: str) -> bool:
    done = subprocess.run(["ip", "-json", "route", "get", address], capture_output=True, text=True, check=False)
    return done.returncode != 0 or "gateway" in json.loads(done.stdout)[0]
