"""Workload: applies declarations in one namespace, and waits until the API shows them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family, family_of
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused, delete_if_there
from gauntlet.kube.objects import SERVICE_NAME, EndpointSlice, PodObject, ServiceObject
from gauntlet.semantics.objects import ServiceType
from gauntlet.workload import bulk, manifest, service_manifest
from gauntlet.workload.backend import APP_LABEL, Backend, Readiness
from gauntlet.workload.changes import Declarations, Endpoints
from gauntlet.workload.endpoints import Endpoint
from gauntlet.workload.served import Backends, RunningBackend, Served
from gauntlet.workload.service import Service
from gauntlet.workload.writer import Writer

POD_DEADLINE_S = 60.0
SERVICE_DEADLINE_S = 30.0
THREADS = 8


class Workload:
    """Backends and Services in one namespace of one cluster."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.namespace = namespace
        self._api = api
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._services = f"/api/v1/namespaces/{namespace}/services"
        self._slices = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        self._writer = Writer(api, namespace)
        # Of each Service without a selector, by its name.
        self._endpoints: dict[str, Endpoints] = {}

    def run(self, *backends: Backend) -> Backends:
        """Create the pods and return when each has an address and is as ready as it can be by itself.

        A backend whose readiness is switched by the test (FILE, GATE) is awaited only until it runs.
        Raises NotInTime, which names the pods.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(self._create_pod, backends))
        return self._wait_running(backends)

    def serve(self, service: Service) -> Served:
        """Create the Service and return when it has its addresses and its slices name every ready backend."""
        made = ServiceObject.model_validate_json(self._api.post(self._services, service_manifest.service(service)))
        if service.app is not None:
            self.wait_endpoints(service, in_families(made.spec.ip_families, self.ready_addresses(service.app)))
        return self._wait_addresses(service)

    def serve_all(self, services: Sequence[Service]) -> tuple[Served, ...]:
        """`serve` for several Services at once."""
        with ThreadPoolExecutor(THREADS) as pool:
            return tuple(pool.map(self.serve, services))

    def apply(self, previous: Declarations, wanted: Declarations) -> Mapping[str, GauntletError]:
        """Make, change and delete Services with their slices; returns what was refused, by the Service's name.

        See gauntlet.workload.writer.Writer.
        """
        return self._writer.apply(previous, wanted)

    def serve_endpoints(self, service: Service, endpoints: Endpoints) -> Served:
        """Create a Service without a selector, and the slices that belong to it."""
        self.make_with_endpoints(service, endpoints)
        return self._wait_addresses(service)

    def serve_many(self, services: Sequence[Service], endpoints: Sequence[Endpoint]) -> tuple[Served, ...]:
        """`serve_endpoints` for Services by the thousand, each with these endpoints. Nothing is waited for."""
        self._endpoints.update({service.name: endpoints for service in services})
        return bulk.serve_many(self._api, self.namespace, services, endpoints)

    def make_with_endpoints(self, service: Service, endpoints: Endpoints) -> None:
        """`serve_endpoints` without waiting for its addresses."""
        self._write({}, {service: endpoints})

    def delete_with_endpoints(self, service: Service) -> None:
        """Delete a Service without a selector, and its slices, which nobody else deletes."""
        self._write({service: self._endpoints[service.name]}, {})

    def replace_endpoints(self, service: Service, endpoints: Endpoints) -> None:
        """Give a Service without a selector other endpoints."""
        self._write({service: self._endpoints[service.name]}, {service: endpoints})

    def change(self, before: Service, wanted: Service) -> None:
        """Make another one of a Service with a selector."""
        self._write({before: None}, {wanted: None})

    def delete_backend(self, name: str) -> None:
        self._api.delete(f"{self._pods}/{name}")

    def wait_forgotten(self, service: Service, addresses: frozenset[str]) -> Mapping[str, int]:
        """Wait until the slices of a Service hold none of these. Returns when each was seen to be gone, in ns."""
        when: dict[str, int] = {}

        def all_gone() -> bool:
            slices = self._slices_of(service)
            there = frozenset[str]().union(*(each.addresses for each in slices))
            for address in addresses - there:
                when.setdefault(address, time.time_ns())
            return when.keys() >= addresses

        until(
            all_gone,
            what=f"the slices of {self.namespace}/{service.name} hold none of {', '.join(sorted(addresses))}",
            deadline_s=POD_DEADLINE_S,
            remedy="are the pods gone? is kube-controller-manager running?",
        )
        return when

    def delete_service(self, name: str) -> None:
        """Delete a Service. Gone already is fine."""
        delete_if_there(self._api, f"{self._services}/{name}")

    def ready_addresses(self, app: str) -> tuple[tuple[str, ...], ...]:
        """Addresses of each pod of this app that is ready now."""
        return tuple(pod.addresses for pod in self._list_pods({"labelSelector": f"{APP_LABEL}={app}"}) if pod.serves)

    def slice_addresses(self, service: Service) -> frozenset[str]:
        """Addresses of all ready endpoints in the slices of a Service."""
        return frozenset[str]().union(*(each.ready_addresses for each in self._slices_of(service)))

    def wait_endpoints(self, service: Service, addresses: frozenset[str]) -> None:
        """Wait until the slices of a Service hold exactly these ready addresses."""
        until(
            lambda: self.slice_addresses(service) == addresses,
            what=f"the slices of {self.namespace}/{service.name} hold {sorted(addresses) or 'no ready endpoint'}",
            deadline_s=SERVICE_DEADLINE_S,
            remedy="is kube-controller-manager running?",
        )

    def _slices_of(self, service: Service) -> tuple[EndpointSlice, ...]:
        return self._api.list(EndpointSlice, self._slices, {"labelSelector": f"{SERVICE_NAME}={service.name}"})

    def _write(self, previous: Declarations, wanted: Declarations) -> None:
        """Raises ManifestRefused, ApiUnreachable. What failed may be there in part: to be deleted, it counts."""
        self._endpoints.update({service.name: endpoints for service, endpoints in wanted.items()})
        for refusal in self._writer.apply(previous, wanted).values():
            raise refusal

    def _create_pod(self, backend: Backend) -> None:
        body = manifest.pod(backend)

        def create() -> bool:
            try:
                self._api.post(self._pods, body)
            except ApiRefused as error:
                # The ServiceAccount admission plugin refuses pods until the namespace has its default account.
                if error.status == 403 and "error looking up service account" in error.what:
                    return False
                raise
            return True

        until(create, what=f"pod {self.namespace}/{backend.name} is accepted", deadline_s=POD_DEADLINE_S)

    def _wait_running(self, backends: Sequence[Backend]) -> Backends:
        by_name = {backend.name: backend for backend in backends}

        def all_up() -> Backends | None:
            pods = [pod for pod in self._list_pods({}) if pod.metadata.name in by_name]
            up = [pod for pod in pods if _is_up(pod, by_name[pod.metadata.name])]
            if len(up) < len(by_name):
                return None
            return Backends(tuple(self._running(pod) for pod in sorted(up, key=lambda pod: pod.metadata.name)))

        return until(
            all_up,
            what=f"pods {', '.join(sorted(by_name))} in {self.namespace} run",
            deadline_s=POD_DEADLINE_S,
            remedy="look at the pods' status and at the logs of the nodes",
        )

    def _list_pods(self, query: dict[str, str]) -> tuple[PodObject, ...]:
        return self._api.list(PodObject, self._pods, query)

    def _running(self, pod: PodObject) -> RunningBackend:
        return RunningBackend(self.namespace, pod.metadata.name, pod.spec.node_name, pod.addresses)

    def _wait_addresses(self, service: Service) -> Served:
        def served() -> Served | None:
            found = self._api.one(ServiceObject, f"{self._services}/{service.name}")
            if service.type is ServiceType.LOAD_BALANCER and not found.ingress:
                return None
            ports = {port.name: port.node_port for port in found.spec.ports if port.node_port}
            return Served(self.namespace, service, found.spec.all_cluster_ips, ports, found.ingress)

        return until(
            served,
            what=f"Service {self.namespace}/{service.name} has its addresses",
            deadline_s=SERVICE_DEADLINE_S,
            remedy="a LoadBalancer Service needs something that gives out addresses",
        )


def in_families(families: Collection[Family], of: Iterable[Iterable[str]]) -> frozenset[str]:
    """Those of all these addresses that are of one of the families."""
    return frozenset(address for each in of for address in each if family_of(address) in families)


def _is_up(pod: PodObject, backend: Backend) -> bool:
    if pod.status.phase != "Running" or not pod.status.pod_ip:
        return False
    return backend.readiness is not Readiness.SERVES or pod.serves
