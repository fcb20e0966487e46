"""The sentinel: a Service that is changed after all others, so that what shows it has met what was changed before."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import GauntletError, Inconclusive
from gauntlet.ground.family import families_of, family_of
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Frontend
from gauntlet.kube.api import Api
from gauntlet.kube.objects import ServiceObject, path_of_service
from gauntlet.traffic import Target, Traffic
from gauntlet.traffic.table import Table, TableRow
from gauntlet.workload.backend import HTTP_PORT
from gauntlet.workload.catalogue.pods import Pods
from gauntlet.workload.changes import Declarations
from gauntlet.workload.endpoints import endpoints
from gauntlet.workload.served import RunningBackend
from gauntlet.workload.service import IpFamilyPolicy, Port, Service
from gauntlet.workload.workload import Workload

NAME = "sentinel"
_FIRST_PORT = 1001


class Sentinel:
    """Each turn gives it another port and another endpoint: a new Service port and a new slice are both needed.

    kube-proxy hears of Services in the order of their changes, and so of slices, and writes all that it has heard at
    once for each family. So a node that answers as of this turn, in a family, has written what came before it there.
    That is not so in ipvs mode, which writes one Service after the other.

    `is_trusted` until it was not shown by a deadline: that costs no other step a deadline.
    """

    def __init__(self, api: Api, workload: Workload, traffic: Traffic, pods: Pods, *, both_families: bool) -> None:
        self._api = api
        self._workload = workload
        self._traffic = traffic
        self._pods = pods
        self._policy = IpFamilyPolicy.PREFER_DUAL_STACK if both_families else None
        self.is_trusted = True
        self._number = 0
        self._addresses: tuple[str, ...] = ()
        self._now: Declarations = {}

    def turn(self) -> None:
        """Change it once more. Raises GauntletError if the API server does not have it so."""
        self._number += 1
        port = Port(_FIRST_PORT + self._number, HTTP_PORT)
        service = Service(NAME, ports=(port,), app=None, ip_family_policy=self._policy)
        wanted: Declarations = {service: endpoints(self._backend)}
        refused: Mapping[str, GauntletError] = self._workload.apply(self._now, wanted)
        for refusal in refused.values():
            raise refusal
        self._now = wanted
        if not self._addresses:
            path = path_of_service(f"{self._workload.namespace}/{NAME}")
            found = self._api.one(ServiceObject, path)
            self._addresses = found.spec.cluster_ips or (found.spec.cluster_ip,)

    def forget(self) -> None:
        """It was deleted: the next turn makes it anew."""
        self._now = {}
        self._addresses = ()

    def is_shown_to(self, clients: tuple[Host, ...]) -> bool:
        """Whether the nodes of all these clients answer as of the last turn, in each family that the client has."""
        return all(self._is_shown(client) for client in clients)

    def _is_shown(self, client: Host) -> bool:
        families = families_of(client.addresses)
        targets = [
            Target(f"{self._workload.namespace}/{NAME}", Frontend.CLUSTER_IP, each, _FIRST_PORT + self._number)
            for each in self._addresses
            if family_of(each) in families
        ]
        rows = tuple(TableRow(number, target, 1) for number, target in enumerate(targets))
        try:
            seen = self._traffic.ask(client, Table(rows, users=2, timeout_s=0.3)).attempts
        except Inconclusive:
            return False
        return seen.filter(pl.col("backend") == self._backend.name).height == len(rows)

    @property
    def _backend(self) -> RunningBackend:
        return self._pods[self._number % 2]
