"""etcd, kube-apiserver and kube-controller-manager, started in the world's own network."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import place
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.providers.sandbox import certificates, layout
from gauntlet.providers.sandbox.address_plan import AddressPlan
from gauntlet.providers.sandbox.http_check import status_code

ETCD_URL = "http://127.0.0.1:2379"
_CONTROLLERS = (
    "endpoints-controller",
    "endpointslice-controller",
    "endpointslice-mirroring-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "garbage-collector-controller",
    # For who plays with a cluster; what they cost is in docs/decisions/0019.
    "deployment-controller",
    "replicaset-controller",
)


@dataclass(frozen=True)
class Component:
    """A running process of the control plane, and where it logs."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises GauntletError, with the end of its log, if the process has ended."""
        code = self.process.poll()
        if code is not None:
            tail = "\n    ".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
            raise GauntletError(
                f"{self.name} ended with {code} while the cluster came up:\n    {tail}", f"read all of {self.log}"
            )


class ControlPlane:
    """The control plane of one cluster. `wait_ready` returns when its API serves."""

    def __init__(
        self, binaries: Path, work: Path, logs: Path, authority: certificates.Authority, plans: Sequence[AddressPlan]
    ) -> None:
        self._plans = plans
        self._binaries = binaries
        self._logs = logs
        self._work = work
        self._files = authority.serving_files(work / "pki", plans)
        self._tls = ssl.create_default_context(cadata=self._files.ca.read_text(encoding="utf-8"))
        self._components: list[Component] = []
        kubeconfig = work / "controller-manager.kubeconfig"
        kubeconfig.write_text(
            authority.kubeconfig(certificates.CONTROLLER_MANAGER, cluster="world", server=self.url), encoding="utf-8"
        )
        self._controller_manager_kubeconfig = kubeconfig

    @property
    def url(self) -> str:
        return f"https://{place(self.address, layout.API_PORT)}"

    @property
    def address(self) -> str:
        """Of the API server: the Service kubernetes takes one of its own family, the cluster's primary one."""
        return self._plans[0].api

    def start(self) -> None:
        """Start etcd and the API server at the same time; the latter waits for the former."""
        self._start(
            "etcd",
            "--data-dir=/run/gauntlet/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={ETCD_URL}",
            f"--advertise-client-urls={ETCD_URL}",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--log-level=warn",
        )
        files = self._files
        self._start(
            "kube-apiserver",
            f"--etcd-servers={ETCD_URL}",
            f"--service-cluster-ip-range={','.join(plan.services for plan in self._plans)}",
            f"--bind-address={self.address}",
            f"--advertise-address={self.address}",
            f"--secure-port={layout.API_PORT}",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged=true",
            f"--client-ca-file={files.ca}",
            f"--tls-cert-file={files.certificate}",
            f"--tls-private-key-file={files.key}",
            f"--service-account-key-file={files.service_account_key}",
            f"--service-account-signing-key-file={files.service_account_key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            # Pods of the sandbox are namespaces without a projected token.
            "--disable-admission-plugins=ServiceAccount",
            # One client drives the cluster; fair queueing would only throttle it.
            "--enable-priority-and-fairness=false",
            "--profiling=false",
        )

    def start_controllers(self) -> None:
        """Start the controllers that Services, namespaces and Deployments need. Call it when the API answers."""
        self._start(
            "kube-controller-manager",
            f"--kubeconfig={self._controller_manager_kubeconfig}",
            f"--controllers={','.join(_CONTROLLERS)}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--concurrent-service-endpoint-syncs=10",
            "--concurrent-namespace-syncs=10",
        )

    def wait_ready(self, deadline_s: float = 60.0) -> None:
        """Return when the API server calls itself ready (its /readyz, see "Kubernetes API health endpoints")."""

        def ready() -> bool:
            self.check()
            code = status_code(self.address, layout.API_PORT, "/readyz", timeout_s=2.0, tls=self._tls)
            return code == HTTPStatus.OK

        try:
            until(ready, what="API server ready", deadline_s=deadline_s)
        except NotInTime as late:
            tail = "\n    ".join((self._logs / "kube-apiserver.log").read_text(errors="replace").splitlines()[-8:])
            raise GauntletError(f"{late.what}\n    {tail}", f"read the logs in {self._logs}") from None

    def check(self) -> None:
        """Raises GauntletError if any component has ended."""
        for component in self._components:
            component.check()

    def _start(self, name: str, *flags: str) -> None:
        log = self._logs / f"{name}.log"
        argv: Sequence[str] = [str(self._binaries / name), *flags]
        with log.open("ab") as stream:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, cwd=self._work
            )
        self._components.append(Component(name, process, log))
