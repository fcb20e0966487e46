"""A cluster's DNS during an upgrade: CoreDNS on each node behind a Service of its own, and clients that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build.binaries import ensure_modules
from gauntlet.ground.cluster import Cluster, Host
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.history import Protocol
from gauntlet.traffic import Load
from gauntlet.workload.backend import Backend, Program
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.service import Port, Service

CHECK = "resolver"
_COREDNS = "coredns"
IMAGE = "registry.k8s.io/coredns/coredns"
_PORT, _READY_PORT = 5353, 8181
KUBE_DNS = Service("kube-dns", ports=(Port(53, _PORT, Protocol.UDP), Port(53, _PORT)), app=_COREDNS)
# It names itself by its pod's name (`nsid`), and knows one Service.
_COREFILE = """.:{port} {{
    nsid
    hosts {{
        {address} {name}
        no_reverse
    }}
    ready :{ready}
}}
"""


@dataclass(frozen=True)
class CoreDns:
    """The program of a DNS server, as the pods of a cluster find it; None if there is none, and then why."""

    program: Path | None
    why_not: str = ""

    @classmethod
    def for_pods_of(cls, cluster: Cluster, say: Callable[[str], None]) -> CoreDns:
        """It is built first if need be. An upgrade goes without it rather than not at all."""
        if cluster.client_image is not None:
            return cls(None, f"pods of {cluster.provider} clusters run images, and there is none with CoreDNS in it")
        try:
            return cls(ensure_modules((_COREDNS,), say)[_COREDNS])
        except GauntletError as error:
            return cls(None, f"there is no CoreDNS on this machine: {error.what}")

    def absence(self) -> Iterator[Finding]:
        """That no client resolves names, if that is so: what was not asked is never taken for answered."""
        if self.program is None:
            yield Finding(CHECK, Verdict.MEASURED, f"no client resolved a name: {self.why_not}")


@dataclass(frozen=True)
class Resolver:
    """A DNS server that runs on each node, behind one Service, and the name that it knows."""

    served: Served
    servers: Backends
    name: str

    @classmethod
    def make(cls, workload: CaseWorkload, coredns: Path, known: Served) -> Resolver:
        """Returns when all of them are ready. They resolve the name of the Service `known`."""
        name = f"{known.declared.name}.{known.namespace}.svc.cluster.local"
        corefile = _COREFILE.format(port=_PORT, ready=_READY_PORT, address=known.address, name=name)
        # By its standard input: a pod of the sandbox has no volumes.
        command = ("sh", "-c", 'exec "$1" -conf stdin <<END\n$0\nEND', corefile, str(coredns))
        run = Program(command, "/ready", _READY_PORT)
        servers = workload.run(
            *(
                Backend(f"{_COREDNS}-{number}", node, _COREDNS, image=IMAGE, program=run)
                for number, node in enumerate(workload.nodes, start=1)
            )
        )
        return cls(workload.make(KUBE_DNS), servers, name)

    def loads(self, clients: Sequence[Host], rate_per_s: float) -> Iterator[tuple[Host, Load]]:
        """Each client asks for the name, by UDP and by TCP."""
        for client in clients:
            for protocol in (Protocol.UDP, Protocol.TCP):
                yield client, Load(self.served.cluster_ip(protocol), rate_per_s=rate_per_s, name=self.name)
