"""A cluster's DNS during an upgrade or a watch: its own, or a CoreDNS on each node; and clients that resolve a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build.binaries import ensure_modules
from gauntlet.checkers.sample import failed
from gauntlet.ground.cluster import Cluster, Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Event, EventKind, EventLog, Frontend, Protocol
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import ServiceObject
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.workload import coredns
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.coredns import DOMAIN, KUBE_DNS
from gauntlet.workload.served import Backends, Served

CHECK = "resolver"
_SYSTEM = "kube-system"
# It knows one Service.
_HOSTS = """hosts {{
        {address} {name}
        no_reverse
    }}"""
# The servers of a cluster learn of a Service from the API, and remember for some seconds that they did not know it.
_KNOWN_S = 30.0
# So many in a row, that each of a few servers is met.
_TRIES = 12


@dataclass(frozen=True)
class Resolver:
    """A Service of DNS servers, a name that they know, and the address of that.

    `servers` are those that say who they are; none of those that do not.
    """

    served: Served
    servers: Backends
    name: str
    address: str

    @property
    def unnamed(self) -> frozenset[str]:
        """The Service, if its servers do not say who they are."""
        return frozenset() if self.servers.all else frozenset({self.served.name})

    @classmethod
    def make(cls, workload: CaseWorkload, program: Path, known: Served) -> Resolver:
        """A server on each node. Returns when all of them are ready; they resolve the name of the Service `known`."""
        name = coredns.name_of(known)
        servers = coredns.run_servers(workload, program, _HOSTS.format(address=known.address, name=name))
        return cls(workload.make(KUBE_DNS), servers, name, known.address)

    @classmethod
    def of_cluster(cls, dns: Served, known: Served, traffic: Traffic, client: Host, events: EventLog) -> Resolver:
        """The cluster's own. Returns when its servers resolve the name of the Service `known`.

        If they do not at the deadline, an event says so; the attempts that clients make next are judged.
        """
        made = cls(dns, Backends(()), coredns.name_of(known, domain_of(client)), known.address)
        try:
            until(lambda: made._known(traffic, client), what=f"{dns.name} knows {made.name}", deadline_s=_KNOWN_S)
        except NotInTime as late:
            events.write(Event(EventKind.NOT_IN_EFFECT, dns.name, detail=late.what))
        return made

    def loads(self, clients: Sequence[Host], rate_per_s: float) -> Iterator[tuple[Host, Load]]:
        """Each client asks for the name, by UDP and by TCP."""
        for client in clients:
            for protocol in (Protocol.UDP, Protocol.TCP):
                yield client, self._load(protocol, rate_per_s=rate_per_s)

    def _load(self, protocol: Protocol, *, rate_per_s: float | None = None, attempts: int | None = None) -> Load:
        by = self.served.cluster_ip(protocol)
        target = Target(by.service, Frontend.DNS, by.address, by.port, protocol)
        return Load(target, rate_per_s=rate_per_s, attempts=attempts, name=self.name, resolves_to=self.address)

    def _known(self, traffic: Traffic, client: Host) -> bool:
        return traffic.send(client, self._load(Protocol.UDP, attempts=_TRIES)).filter(failed()).is_empty()


@dataclass(frozen=True)
class Dns:
    """Where names are resolved: by a cluster's own Service, or by this program in pods; neither, and then why."""

    service: Served | None = None
    program: Path | None = None
    why_not: str = ""

    @classmethod
    def of_cluster(cls, api: Api) -> Dns:
        """Its own, by the name that its Service has, whatever serves it (docs/tasks/administer-cluster/coredns)."""
        name = f"{_SYSTEM}/{KUBE_DNS.name}"
        try:
            found = api.one(ServiceObject, f"/api/v1/namespaces/{_SYSTEM}/services/{KUBE_DNS.name}")
        except ApiRefused as error:
            why = f"the cluster has no Service {name}" if error.status == 404 else error.what
            return cls(why_not=why)
        protocols = {port.protocol for port in found.spec.ports if port.port == KUBE_DNS.ports[0].number}
        if not found.spec.has_cluster_ip or not {"UDP", "TCP"} <= protocols:
            return cls(why_not=f"the Service {name} has no address with port {KUBE_DNS.ports[0].number} of UDP and TCP")
        return cls(Served(_SYSTEM, KUBE_DNS, found.spec.all_cluster_ips, {}, ()))

    @classmethod
    def for_upgrade_of(cls, cluster: Cluster, api: Api, say: Callable[[str], None]) -> Dns:
        """The cluster's own; where pods may run any program, one that is built first if need be.

        An upgrade goes without it rather than not at all.
        """
        own = cls.of_cluster(api)
        if own.service is not None or cluster.client_image is not None:
            return own
        try:
            return cls(program=ensure_modules((coredns.NAME,), say)[coredns.NAME])
        except GauntletError as error:
            return cls(why_not=f"there is no CoreDNS on this machine: {error.what}")

    def absence(self) -> Iterator[Finding]:
        """That no client resolves names, if that is so: what was not asked is never taken for answered."""
        if self.why_not:
            yield Finding(CHECK, Verdict.MEASURED, f"no client resolved a name: {self.why_not}")


def domain_of(client: Host) -> str:
    """The domain of a cluster, as its pods are told."""
    return domain(client.run(["cat", "/etc/resolv.conf"]).stdout)


def domain(resolv_conf: str) -> str:
    """The domain of a cluster by the search list of its pods (`svc.cluster.local`, resolv.conf(5)); else the usual."""
    for line in resolv_conf.splitlines():
        for entry in line.split()[1:] if line.startswith("search") else ():
            if entry.startswith("svc."):
                return entry.removeprefix("svc.").rstrip(".")
    return DOMAIN
