"""Stands in for a cloud's load balancer where a cluster has none: gives Services of that type addresses of a pool.

How many, and of which ipMode, a Service says by an annotation (gauntlet/providers/ingress.py). The host outside the
cluster routes the pool to the nodes. What the packets meet there is kube-proxy's work.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family, family_of
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import ServiceObject
from gauntlet.kube.watch import Follower, follow
from gauntlet.providers.ingress import present, wanted
from gauntlet.semantics.objects import Ingress

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

    def __init__(self, api: Api, pools: Sequence[str]) -> None:
        """`pools` are ranges of addresses, one of each IP family that is given out."""
        self._api = api
        self._pools = {
            family_of(pool): deque(str(address) for address in ipaddress.ip_network(pool).hosts()) for pool in pools
        }
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
        """Give each Service the addresses that it wants, and take others away. Raises ApiRefused, ApiUnreachable."""
        services = self._api.list(ServiceObject, _SERVICES, {"fieldSelector": _OURS})
        used = {address for service in services for address in service.ingress}
        for service in services:
            try:
                ingress = wanted(service, lambda family: self._take(family, used))
            except GauntletError as error:
                _log.warning("%s", error)
                continue
            if ingress != present(service):
                self._give(service, ingress)

    def _take(self, family: Family, used: set[str]) -> str | None:
        """The next address of this family that no Service has; None if there is none."""
        pool = self._pools.get(family, deque())
        for _ in range(len(pool)):
            pool.rotate(-1)
            if pool[-1] not in used:
                used.add(pool[-1])
                return pool[-1]
        if pool:
            _log.warning("the pool of load balancer addresses of %s is used up", family)
        return None

    def _give(self, service: ServiceObject, ingress: Sequence[Ingress]) -> None:
        path = f"/api/v1/namespaces/{service.metadata.namespace}/services/{service.metadata.name}/status"
        given = [{"ip": each.address, "ipMode": str(each.ip_mode)} for each in ingress]
        try:
            self._api.merge(path, {"status": {"loadBalancer": {"ingress": given}}})
        except ApiRefused as refusal:
            # Deleted in the meantime, or of another type.
            if refusal.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY):
                raise
