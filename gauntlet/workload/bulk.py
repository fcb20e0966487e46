"""Bulk: thousands of Services with endpoints, written in parallel over the client's connection pool."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from gauntlet.kube.api import Api
from gauntlet.kube.objects import ServiceObject
from gauntlet.workload import service_manifest, slice_manifest
from gauntlet.workload.endpoints import Endpoint, slices_of
from gauntlet.workload.served import Served
from gauntlet.workload.service import Service

THREADS = 8


def serve_many(
    api: Api, namespace: str, services: Sequence[Service], endpoints: Sequence[Endpoint]
) -> tuple[Served, ...]:
    """Create each Service (without a selector) with these endpoints; return them in the same order.

    Raises ApiRefused at the first object that the API server does not take.
    """
    slice_path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    service_path = f"/api/v1/namespaces/{namespace}/services"

    def serve(service: Service) -> Served:
        for each in slices_of(service, endpoints):
            api.post(slice_path, slice_manifest.endpoint_slice(service, each))
        created = ServiceObject.model_validate_json(api.post(service_path, service_manifest.service(service)))
        return Served(namespace, service, created.spec.all_cluster_ips, {}, ())

    with ThreadPoolExecutor(THREADS) as pool:
        return tuple(pool.map(serve, services))
