"""Services of 1 to 100 endpoints that cases share which only ask: who makes a hundred waits for seconds."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.ground.history import EventLog
from gauntlet.kube.api import Api
from gauntlet.semantics.objects import ServiceType
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.effect import Effect
from gauntlet.workload.many_endpoints import ManyEndpoints, porters
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.service import HTTP, UDP, Service
from gauntlet.workload.workload import Workload


class CountedServices:
    """One Service of `kind` for each number of endpoints, and the pods of them all: made for who asks first."""

    def __init__(
        self, api: Api, effect: Effect, nodes: tuple[str, ...], kind: ServiceType, counts: tuple[int, ...]
    ) -> None:
        self._api = api
        self._effect = effect
        self._nodes = nodes
        self._kind = kind
        self._counts = counts
        self._namespace = ""
        self._pods: Backends | None = None
        self._served: Mapping[int, Served] = {}

    def pods(self, events: EventLog) -> Backends:
        """They answer as so many endpoints as the largest Service has, also in slices of others. Not to be changed."""
        if self._pods is None:
            workload = self._workload(events)
            self._pods = workload.run(*porters(max(self._counts), workload.nodes))
        return self._pods

    def services(self, events: EventLog) -> Mapping[int, Served]:
        """By their numbers of endpoints, which are numbered from 0. Not to be changed."""
        if not self._served:
            many = ManyEndpoints(self._workload(events), self.pods(events))
            declared = [
                (Service(f"of-{count}", ports=(HTTP, UDP), type=self._kind, app=None), range(count))
                for count in self._counts
            ]
            self._served = dict(zip(self._counts, many.serve(*declared), strict=True))
        return self._served

    def delete(self) -> None:
        """Delete whatever was made."""
        if self._namespace:
            namespaces.delete(self._api, self._namespace)

    def _workload(self, events: EventLog) -> CaseWorkload:
        """`events` are those of the case that waits."""
        self._namespace = self._namespace or namespaces.create(self._api, "counted")
        return CaseWorkload(self._api, Workload(self._api, self._namespace), self._effect, self._nodes, events)
