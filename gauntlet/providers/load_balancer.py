"""Stands in for a cloud's load balancer where a cluster has none: gives Services of that type an address of a pool.

The host outside the cluster routes the pool to the nodes. What the packets meet there is kube-proxy's work.
"""

from __future__ import annotations

import ipaddress
import logging
import threading

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Api, ApiRefused

_EVERY_S = 0.25
_log = logging.getLogger(__name__)


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class _Ingress(_Part):
    ip: str = ""


class _LoadBalancer(_Part):
    ingress: tuple[_Ingress, ...] = ()


class _Status(_Part):
    load_balancer: _LoadBalancer = _LoadBalancer()


class _Metadata(_Part):
    name: str
    namespace: str


class _Spec(_Part):
    load_balancer_class: str | None = None


class _Service(_Part):
    metadata: _Metadata
    spec: _Spec
    status: _Status

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(each.ip for each in self.status.load_balancer.ingress)


class _Services(_Part):
    items: tuple[_Service, ...]


class LoadBalancer:
    """Assigns `status.loadBalancer.ingress` until it is stopped or this process ends. Keeps no state but the API's."""

    def __init__(self, api: Api, pool: str) -> None:
        self._api = api
        self._pool = tuple(str(address) for address in ipaddress.ip_network(pool).hosts())
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="load balancer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Give out no more; returns when nothing is asked of the API server any longer."""
        self._ending.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._ending.wait(_EVERY_S):
            try:
                self.assign()
            except GauntletError as error:
                # A fault may have cut the API off for the moment; a case that waits for an address says so itself.
                _log.debug("load balancer: %s", error)

    def assign(self) -> None:
        """Give an address to each Service that has none. Raises ApiRefused, ApiUnreachable."""
        listed = self._api.get("/api/v1/services", {"fieldSelector": "spec.type=LoadBalancer"})
        services = _Services.model_validate_json(listed).items
        used = {address for service in services for address in service.addresses}
        free = (address for address in self._pool if address not in used)
        for service in services:
            # A class names another load balancer's work.
            if service.addresses or service.spec.load_balancer_class:
                continue
            address = next(free, None)
            if address is None:
                _log.warning("the pool of load balancer addresses is used up")
                return
            self._give(service, address)

    def _give(self, service: _Service, address: str) -> None:
        path = f"/api/v1/namespaces/{service.metadata.namespace}/services/{service.metadata.name}/status"
        try:
            self._api.patch(path, {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}})
        except ApiRefused as refusal:
            if refusal.status != 404:  # deleted in the meantime
                raise
