"""Endpoints objects (v1), as people still write them for Services without a selector.

kube-controller-manager mirrors them into EndpointSlices, which kube-proxy reads (docs 'Services', EndpointSlice
mirroring).
"""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.ground.cluster import Json
from gauntlet.kube.api import Api
from gauntlet.providers.existing.marker import MANAGED_BY
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.slice_manifest import port


def make(api: Api, of: Served, backends: Backends) -> None:
    """The Endpoints of this Service: each backend's first address, ready."""
    metadata: Mapping[str, Json] = {"name": of.declared.name, "labels": MANAGED_BY}
    api.post(_path(of), {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, **_subsets(of, backends)})


def change(api: Api, of: Served, backends: Backends) -> None:
    """Other backends in place of those that are there."""
    api.merge(f"{_path(of)}/{of.declared.name}", _subsets(of, backends))


def delete(api: Api, of: Served) -> None:
    api.delete(f"{_path(of)}/{of.declared.name}")


def _path(of: Served) -> str:
    return f"/api/v1/namespaces/{of.namespace}/endpoints"


def _subsets(of: Served, backends: Backends) -> dict[str, Json]:
    addresses: list[Json] = [{"ip": each.address, "nodeName": each.node} for each in backends.all]
    ports: list[Json] = [port(of.declared, each) for each in of.declared.ports]
    return {"subsets": [{"addresses": addresses, "ports": ports}]}
