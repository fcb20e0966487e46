"""Stands in for a cloud's load balancer: gives each Service of type LoadBalancer an address.

The outside host routes the whole pool to the nodes, flow by flow (fabric.py). What the packets meet
there is kube-proxy's work.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time

from kubernetes import client, watch
from kubernetes.client import ApiClient, ApiException, V1Service
from urllib3.exceptions import HTTPError

from gauntlet.providers.sandbox import layout

_log = logging.getLogger(__name__)
_RELIST_DELAY_S = 0.5


class LoadBalancer:
    """Assigns `status.loadBalancer.ingress` for as long as the world lives."""

    def __init__(self, api: ApiClient) -> None:
        self._core = client.CoreV1Api(api)
        self._free = [str(address) for address in ipaddress.ip_network(layout.LOAD_BALANCER_POOL).hosts()]
        self._given: dict[str, str] = {}

    def start(self) -> None:
        threading.Thread(target=self._serve, name="load balancer", daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                for event in watch.Watch().stream(self._core.list_service_for_all_namespaces):
                    self._see(event["type"], event["object"])
            except (ApiException, HTTPError) as error:
                _log.warning("watch of Services ended: %s", error)
                time.sleep(_RELIST_DELAY_S)

    def _see(self, kind: str, service: V1Service) -> None:
        uid = service.metadata.uid
        wanted = service.spec.type == "LoadBalancer" and not service.spec.load_balancer_class
        if kind == "DELETED" or not wanted:
            if address := self._given.pop(uid, None):
                self._free.append(address)
        elif uid not in self._given:
            self._give(service)

    def _give(self, service: V1Service) -> None:
        if not self._free:
            _log.warning("the pool %s is used up", layout.LOAD_BALANCER_POOL)
            return
        address = self._free.pop(0)
        self._given[service.metadata.uid] = address
        try:
            self._core.patch_namespaced_service_status(
                service.metadata.name,
                service.metadata.namespace,
                {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}},
            )
        except ApiException as error:
            if error.status != 404:
                raise
