"""Stands in for a cloud's load balancer: gives each Service of type LoadBalancer an address.

The outside host routes the whole pool to the nodes, flow by flow (fabric.py). What the packets meet
there is kube-proxy's work.
"""

from __future__ import annotations

import ipaddress
import logging
import threading

from gauntlet.providers.sandbox import layout
from gauntlet.providers.sandbox.inner_api import InnerApi, Refused, follow
from gauntlet.providers.sandbox.objects import Service

_log = logging.getLogger(__name__)


class LoadBalancer:
    """Assigns `status.loadBalancer.ingress` for as long as the world lives."""

    def __init__(self, api: InnerApi) -> None:
        self._api = api
        self._free = [str(address) for address in ipaddress.ip_network(layout.LOAD_BALANCER_POOL).hosts()]
        self._given: dict[str, str] = {}

    def start(self) -> None:
        watching = (self._api, "/api/v1/services", Service, self._see, self._end_missing)
        # Thousands of other Services must not cost the world anything.
        chosen = {"field_selector": "spec.type=LoadBalancer"}
        threading.Thread(target=follow, args=watching, kwargs=chosen, name="load balancer", daemon=True).start()

    def _end_missing(self, present: frozenset[str]) -> None:
        for uid in set(self._given) - present:
            self._free.append(self._given.pop(uid))

    def _see(self, service: Service) -> None:
        uid = service.metadata.uid
        # A class names another load balancer's work.
        if not service.spec.load_balancer_class and uid not in self._given:
            self._give(service)

    def _give(self, service: Service) -> None:
        if not self._free:
            _log.warning("the pool %s is used up", layout.LOAD_BALANCER_POOL)
            return
        address = self._free.pop(0)
        self._given[service.metadata.uid] = address
        path = f"/api/v1/namespaces/{service.metadata.namespace}/services/{service.metadata.name}/status"
        try:
            self._api.patch(path, {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}})
        except Refused as refusal:
            # Deleted in the meantime; the watch says so next.
            if refusal.status != 404:
                raise
