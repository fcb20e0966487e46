"""CoreDNS as a workload: a server on each node, behind one Service. It names itself by its pod's name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from gauntlet.ground.cluster import Cluster, Json
from gauntlet.ground.family import Family, family_of
from gauntlet.ground.history import Protocol
from gauntlet.ground.lookup import Kind, Name
from gauntlet.kube import kubeconfig
from gauntlet.kube.api import Api, Manifest, delete_if_there
from gauntlet.kube.objects import ServiceObject, path_of_service
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.traffic import Target
from gauntlet.workload.backend import HTTP_PORT, HTTP_PORT_NAME, UDP_PORT, UDP_PORT_NAME, Backend, Program
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.service import IpFamilyPolicy, Port, Service

# Its folder of `toolchain/`, its program, and the app of its pods.
NAME = "coredns"
IMAGE = "registry.k8s.io/coredns/coredns"
DOMAIN = "cluster.local"
_PORT, _READY_PORT = 5353, 8181
_NUMBERS: Mapping[int | str, int] = {HTTP_PORT_NAME: HTTP_PORT, UDP_PORT_NAME: UDP_PORT}
KUBE_DNS = Service(
    "kube-dns",
    ports=(Port(53, _PORT, Protocol.UDP), Port(53, _PORT)),
    app=NAME,
    ip_family_policy=IpFamilyPolicy.PREFER_DUAL_STACK,
)
# By its standard input, and to its own /tmp: a pod of the sandbox has no volumes.
_START = 'printf "%s" "$1" >/tmp/kubeconfig; exec "$2" -conf stdin <<END\n$0\nEND'
_COREFILE = """.:{port} {{
    nsid
    {plugin}
    ready :{ready}
}}
"""
_KINDS = {Family.IPV4: Kind.A, Family.IPV6: Kind.AAAA}
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


def run_servers(workload: CaseWorkload, program: Path, plugin: str, access: str = "") -> Backends:
    """One on each node. Returns when all are ready.

    `plugin` is what of its configuration says which names it knows; `access` is the kubeconfig at /tmp/kubeconfig.
    """
    corefile = _COREFILE.format(port=_PORT, ready=_READY_PORT, plugin=plugin)
    run = Program(("sh", "-c", _START, corefile, access, str(program)), "/ready", _READY_PORT)
    nodes = enumerate(workload.nodes, start=1)
    return workload.run(*(Backend(f"{NAME}-{number}", node, NAME, image=IMAGE, program=run) for number, node in nodes))


@dataclass(frozen=True)
class ClusterDns:
    """DNS for the Services of a cluster, behind a Service of its own."""

    served: Served
    servers: Backends

    @classmethod
    def make(cls, workload: CaseWorkload, program: Path, access: str) -> Self:
        """Returns when every server has read the cluster's Services, and every node obeys the one of DNS."""
        plugin = f"kubernetes {DOMAIN} {{\n        kubeconfig /tmp/kubeconfig\n    }}"
        servers = run_servers(workload, program, plugin, access)
        return cls(workload.make(KUBE_DNS), servers)

    def targets(self) -> tuple[Target, ...]:
        """By UDP and by TCP, in each of its families."""
        return tuple(
            self.served.cluster_ip(protocol, family=family)
            for family in self.served.families
            for protocol in (Protocol.UDP, Protocol.TCP)
        )


def name_of(service: Served, domain: str = DOMAIN) -> str:
    """What a Service is called in the DNS of a cluster of this domain (docs 'DNS for Services and Pods')."""
    return f"{service.declared.name}.{service.namespace}.svc.{domain}"


def expected(service: Served, backends: Backends) -> dict[Name, frozenset[str]]:
    """What the DNS says of a Service, if these are its ready backends: addresses, named ports, another name.

    Of a headless one, a backend without a host name is called by its address (CoreDNS, plugin kubernetes). It has those
    of the backends' primary family.
    """
    name, declared = name_of(service), service.declared
    if declared.external_name:
        return {Name(name, Kind.CNAME): frozenset({declared.external_name})}
    addresses = [each.address for each in backends.all] if declared.headless else service.addresses
    hosts = [f"{each.address.replace('.', '-')}.{name}" for each in backends.all] if declared.headless else [name]
    said = {Name(name, kind): frozenset(of_kind) for kind, of_kind in _by_kind(addresses).items()}
    for port in declared.ports:
        number = _NUMBERS.get(port.target, port.target) if declared.headless else port.number
        asked = Name(f"_{port.name}._{port.protocol}.{name}", Kind.SRV)
        said[asked] = frozenset(f"{number} {host}" for host in hosts)
    return said


def _by_kind(addresses: Iterable[str]) -> dict[Kind, list[str]]:
    found: dict[Kind, list[str]] = {}
    for each in addresses:
        found.setdefault(_KINDS[family_of(each)], []).append(each)
    return found


class ReadsServices:
    """A ServiceAccount that may read what CoreDNS reads, as long as the block: `kubeconfig` is its access from pods."""

    def __init__(self, cluster: Cluster, api: Api, namespace: str) -> None:
        self._cluster = cluster
        self._api = api
        self._namespace = namespace
        self.kubeconfig = ""

    def __enter__(self) -> Self:
        name: Manifest = {"name": self._namespace, "labels": MANAGED_BY}
        accounts = f"/api/v1/namespaces/{self._namespace}/serviceaccounts"
        self._api.post(accounts, {"metadata": {"name": NAME, "labels": MANAGED_BY}})
        rules: list[Json] = [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
        ]
        self._api.post(f"{_RBAC}/clusterroles", {"metadata": name, "rules": rules})
        role: Mapping[str, Json] = {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": self._namespace,
        }
        account: Json = {"kind": "ServiceAccount", "name": NAME, "namespace": self._namespace}
        binding: Manifest = {"metadata": name, "roleRef": role, "subjects": [account]}
        self._api.post(f"{_RBAC}/clusterrolebindings", binding)
        token = json.loads(self._api.post(f"{accounts}/{NAME}/token", {"spec": {"expirationSeconds": 3600}}))
        self.kubeconfig = self._access(token["status"]["token"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for what in ("clusterrolebindings", "clusterroles"):
            delete_if_there(self._api, f"{_RBAC}/{what}/{self._namespace}")

    def _access(self, token: str) -> str:
        """By the ClusterIP of the API server, as pods go."""
        authority = kubeconfig.read(self._cluster.kubeconfig)["clusters"][0]["cluster"]["certificate-authority-data"]
        server = self._api.one(ServiceObject, path_of_service("default/kubernetes")).spec.cluster_ip
        at = {"server": f"https://{server}:443", "certificate-authority-data": authority}
        return yaml.safe_dump(kubeconfig.of_one(NAME, (NAME, at), (NAME, {"token": token})))
