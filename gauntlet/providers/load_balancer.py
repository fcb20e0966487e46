"""Stands in for a cloud's load balancer where a cluster has none: gives Services of that type an address of a pool.

The host outside the cluster routes the pool to the nodes. What the packets meet there is kube-proxy's work.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections import deque

from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import ServiceObject
from gauntlet.kube.watch import Follower, follow

_EVERY_S = 0.25
_SERVICES = "/api/v1/services"
# Thousands of other Services must not cost anything.
_OURS = "spec.type=LoadBalancer"
_log = logging.getLogger(__name__)


class LoadBalancer:
    """Assigns `status.loadBalancer.ingress` until it is stopped or this process ends.

    All that it remembers is whose turn it is: an address that was given back is used again last of all, so that nothing
    old still points at it. Whose an address is, the API knows.
    """

    def __init__(self, api: Api, pool: str) -> None:
        self._api = api
        self._pool = deque(str(address) for address in ipaddress.ip_network(pool).hosts())
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="load balancer", daemon=True)

    def start(self) -> None:
        """Look at Services now and then, until `stop`."""
        self._thread.start()

    def follow(self) -> None:
        """Follow every change of Services as long as this process lives: what lasts as long as its cluster can."""
        # Nothing is remembered of a Service, so that there is nothing to forget.
        follower = Follower(ServiceObject, lambda _: self.assign(), lambda _: None)
        threading.Thread(
            target=follow,
            args=(self._api, _SERVICES, follower),
            kwargs={"field_selector": _OURS},
            name="load balancer",
            daemon=True,
        ).start()

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
        services = self._api.list(ServiceObject, _SERVICES, {"fieldSelector": _OURS})
        used = {address for service in services for address in service.ingress}
        for service in services:
            # A class names another load balancer's work.
            if service.ingress or service.spec.load_balancer_class:
                continue
            address = self._take(used)
            if address is None:
                _log.warning("the pool of load balancer addresses is used up")
                return
            self._give(service, address)

    def _take(self, used: set[str]) -> str | None:
        """The next address that no Service has; None if there is none."""
        for _ in range(len(self._pool)):
            self._pool.rotate(-1)
            if self._pool[-1] not in used:
                used.add(self._pool[-1])
                return self._pool[-1]
        return None

    def _give(self, service: ServiceObject, address: str) -> None:
        path = f"/api/v1/namespaces/{service.metadata.namespace}/services/{service.metadata.name}/status"
        try:
            self._api.patch(path, {"status": {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}})
        except ApiRefused as refusal:
            if refusal.status != 404:  # deleted in the meantime
                raise
