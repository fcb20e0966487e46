"""What the API server says of a cluster: gathered by reading alone, nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import yaml
from pydantic import BaseModel

from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import (
    ConfigMap,
    DaemonSet,
    EndpointSlice,
    FelixConfiguration,
    Installation,
    NodeObject,
    PodObject,
    ServiceObject,
    Version,
    modelled,
)
from gauntlet.proxy.configuration import Configuration, parse
from gauntlet.semantics import objects
from gauntlet.semantics.endpoints import Copies, copies

SERVICES = "/api/v1/services"
SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
SYSTEM = "/api/v1/namespaces/kube-system"
LABEL = "k8s-app=kube-proxy"
# Name and key of the ConfigMap that holds the KubeProxyConfiguration: kubeadm's (and kind's), then that of EKS.
CONFIG_MAPS = (("kube-proxy", "config.conf"), ("kube-proxy-config", "config"))
# Calico keeps its resources in the first group; later versions serve the second as well.
_FELIX = (
    "/apis/crd.projectcalico.org/v1/felixconfigurations/default",
    "/apis/projectcalico.org/v3/felixconfigurations/default",
)
_INSTALLATION = "/apis/operator.tigera.io/v1/installations/default"
# kube-proxy names its mode when it starts: the first part of the log is enough.
_LOG_BYTES = 65536
_FORBIDDEN = 403
_NOT_FOUND = 404

M = TypeVar("M", bound=BaseModel)
R = TypeVar("R")


@dataclass(frozen=True)
class Cni:
    """A CNI known by its DaemonSet. `settings` are those of its settings that say whether it replaces kube-proxy."""

    name: str
    daemon_set: str
    desired: int
    ready: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Services:
    """Services and their slices, read at one time.

    As the model knows them they are made once, however many nodes are held against them.
    """

    services: tuple[ServiceObject, ...]
    slices: tuple[EndpointSlice, ...]

    @cached_property
    def modelled(self) -> tuple[objects.Service, ...]:
        """The Services as the model knows them."""
        return tuple(map(modelled.service, self.services))

    @cached_property
    def copies(self) -> Copies:
        """Every endpoint that kube-proxy reads."""
        return copies(self._slices)

    @cached_property
    def hinted(self) -> frozenset[str]:
        """The Services (namespace/name) any of whose endpoints has hints."""
        return frozenset(
            each.service for each in self._slices if any(one.hints != objects.FOR_ALL for one in each.endpoints)
        )

    @cached_property
    def _slices(self) -> tuple[objects.EndpointSlice, ...]:
        return tuple(map(modelled.endpoint_slice, self.slices))


@dataclass(frozen=True)
class ClusterFacts:
    """What the API server said. `forbidden` are the paths it would not let us read.

    `configuration` is what the ConfigMap of kube-proxy holds, None if there is no such ConfigMap.
    `logged` are the first parts of kube-proxies' logs, by node.
    """

    version: str
    nodes: tuple[NodeObject, ...]
    pods: tuple[PodObject, ...]
    daemon_sets: tuple[DaemonSet, ...]
    cnis: tuple[Cni, ...]
    configuration: Configuration | None
    served: Services
    logged: Mapping[str, str]
    forbidden: tuple[str, ...] = ()

    @property
    def services_hidden(self) -> bool:
        """Whether `served` is empty only because it may not be read."""
        return not {SERVICES, SLICES}.isdisjoint(self.forbidden)

    @property
    def linux_nodes(self) -> tuple[str, ...]:
        return tuple(node.metadata.name for node in self.nodes if node.is_linux)

    @property
    def proxy_sets(self) -> tuple[DaemonSet, ...]:
        """The DaemonSets that run kube-proxy."""
        return tuple(
            each
            for each in self.daemon_sets
            if each.metadata.name == "kube-proxy" or each.spec.template.metadata.labels.get("k8s-app") == "kube-proxy"
        )


def gather(api: Api) -> ClusterFacts:
    """Ask for all of it. Raises ApiUnreachable, and ApiRefused for other reasons than a missing right."""
    reader = _Reader(api)
    daemon_sets = reader.list(DaemonSet, "/apis/apps/v1/daemonsets")
    pods = _proxy_pods(reader)
    return ClusterFacts(
        version=api.one(Version, "/version").git_version.removeprefix("v"),
        nodes=reader.list(NodeObject, "/api/v1/nodes"),
        pods=pods,
        daemon_sets=daemon_sets,
        cnis=tuple(cni for each in daemon_sets if (cni := _cni(reader, each)) is not None),
        configuration=_configuration(reader),
        served=_served(reader),
        logged={pod.spec.node_name: _log(reader, pod) for pod in pods if pod.spec.node_name},
        forbidden=tuple(dict.fromkeys(reader.forbidden)),
    )


def configuration(api: Api) -> Configuration | None:
    """What the ConfigMap of kube-proxy holds; None if there is none, or if it may not be read."""
    return _configuration(_Reader(api))


def proxy_pods(api: Api) -> tuple[PodObject, ...]:
    """The pods of kube-proxies; none if they may not be read."""
    return _proxy_pods(_Reader(api))


def services(api: Api) -> Services:
    """Services and slices as they are now. Raises what `gather` raises."""
    return _served(_Reader(api))


class _Reader:
    """Reads what there is, and notes what it may not read."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.forbidden: list[str] = []

    def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes | None:
        """None if there is no such thing, or where it may not be read."""
        return self._if_allowed(path, lambda: self._api.get(path, query))

    def _if_allowed(self, path: str, read: Callable[[], R]) -> R | None:
        try:
            return read()
        except ApiRefused as error:
            if error.status == _FORBIDDEN:
                self.forbidden.append(path)
            elif error.status != _NOT_FOUND:
                raise
            return None

    def one(self, kind: type[M], path: str) -> M | None:
        text = self.get(path)
        return None if text is None else kind.model_validate_json(text)

    def list(self, kind: type[M], path: str, query: Mapping[str, str] | None = None) -> tuple[M, ...]:
        return self._if_allowed(path, lambda: self._api.list(kind, path, query)) or ()


def _served(reader: _Reader) -> Services:
    return Services(
        reader.list(ServiceObject, SERVICES),
        reader.list(EndpointSlice, SLICES),
    )


def _proxy_pods(reader: _Reader) -> tuple[PodObject, ...]:
    return reader.list(PodObject, f"{SYSTEM}/pods", {"labelSelector": LABEL})


def _configuration(reader: _Reader) -> Configuration | None:
    for name, key in CONFIG_MAPS:
        found = reader.one(ConfigMap, f"{SYSTEM}/configmaps/{name}")
        if found is not None and key in found.data:
            return parse(found.data[key], f"ConfigMap kube-system/{name}")
    return None


def _log(reader: _Reader, pod: PodObject) -> str:
    """A kubelet that is away answers with an error: then there is nothing to read."""
    path = f"/api/v1/namespaces/{pod.metadata.namespace}/pods/{pod.metadata.name}/log"
    try:
        text = reader.get(path, {"limitBytes": str(_LOG_BYTES)})
    except ApiRefused:
        return ""
    return (text or b"").decode(errors="replace")


def _cni(reader: _Reader, found: DaemonSet) -> Cni | None:
    name = _CNIS.get(found.metadata.name)
    if name is None:
        return None
    read = _SETTINGS.get(name)
    settings = {} if read is None else read(reader, found)
    status = found.status
    return Cni(name, found.metadata.full_name, status.desired_number_scheduled, status.number_ready, settings)


def _cilium(reader: _Reader, found: DaemonSet) -> dict[str, str]:
    config = reader.one(ConfigMap, f"/api/v1/namespaces/{found.metadata.namespace}/configmaps/cilium-config")
    key = "kube-proxy-replacement"
    return {key: config.data[key]} if config is not None and key in config.data else {}


def _calico(reader: _Reader, found: DaemonSet) -> dict[str, str]:
    settings: dict[str, str] = {}
    for container in found.spec.template.spec.containers:
        settings |= {each.name: each.value or "" for each in container.env if each.name == "FELIX_BPFENABLED"}
    for path in _FELIX:
        felix = reader.one(FelixConfiguration, path)
        if felix is not None:
            settings["bpfEnabled"] = str(felix.spec.bpf_enabled).lower()
            break
    installation = reader.one(Installation, _INSTALLATION)
    if installation is not None and installation.spec.calico_network.linux_dataplane:
        settings["linuxDataplane"] = installation.spec.calico_network.linux_dataplane
    return settings


def _antrea(reader: _Reader, found: DaemonSet) -> dict[str, str]:
    """The ConfigMap that its pods mount: older versions add a hash to the name."""
    for volume in found.spec.template.spec.volumes:
        if volume.config_map is None or not volume.config_map.name.startswith("antrea-config"):
            continue
        path = f"/api/v1/namespaces/{found.metadata.namespace}/configmaps/{volume.config_map.name}"
        config = reader.one(ConfigMap, path)
        return {} if config is None else antrea_settings(config.data.get("antrea-agent.conf", ""))
    return {}


def antrea_settings(text: str) -> dict[str, str]:
    """`enable` and `proxyAll` of `antreaProxy` in an antrea-agent.conf; nothing where that cannot be read."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    proxy = document.get("antreaProxy") if isinstance(document, dict) else None
    if not isinstance(proxy, dict):
        return {}
    return {key: str(proxy[key]).lower() for key in ("enable", "proxyAll") if key in proxy}


# The names that each project's own manifests give its DaemonSet.
_CNIS = {
    "kube-flannel-ds": "flannel",
    "kube-flannel": "flannel",
    "calico-node": "calico",
    "aws-node": "aws-node",
    "weave-net": "weave",
    "cilium": "cilium",
    "antrea-agent": "antrea",
    "kindnet": "kindnet",
}
_SETTINGS = {"cilium": _cilium, "calico": _calico, "antrea": _antrea}
