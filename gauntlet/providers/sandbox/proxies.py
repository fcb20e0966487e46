"""One kube-proxy a node, run from a KubeProxyConfiguration file and restarted as a kubelet would."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

import yaml

from gauntlet.ground.cluster import Json, NodeKernel, ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import place
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.providers.sandbox.address_plan import AddressPlan
from gauntlet.providers.sandbox.http_check import status_code, text
from gauntlet.providers.sandbox.inner_node import InnerNode
from gauntlet.providers.sandbox.proxy_manifest import ProxyManifest
from gauntlet.proxy import ports
from gauntlet.proxy.configuration import changed

# A kubelet restarts a container at once and then backs off; here every kube-proxy that ends by itself, is killed, or is
# replaced by another one, as in a roll, leaves its node alone for so long.
RESTART_DELAY_S = 1.0
_SYNCED = re.compile(r"^kubeproxy_sync_proxy_rules_duration_seconds_count\S* [1-9]", re.MULTILINE)
# Not writable in a network namespace other than a kernel's first.
_LEAVE_CONNTRACK: Mapping[str, object] = {
    "maxPerCore": 0,
    "min": 0,
    "tcpEstablishedTimeout": "0s",
    "tcpCloseWaitTimeout": "0s",
}


def configuration(
    mode: ProxyMode,
    fields: Mapping[str, Json],
    kernel: NodeKernel,
    *,
    node: str,
    address: str,
    plans: Sequence[AddressPlan],
    kubeconfig: Path,
) -> str:
    """The KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1) of one node, as YAML; the subject's fields win."""
    document: dict[str, object] = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": str(mode),
        "hostnameOverride": node,
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "clusterCIDR": ",".join(plan.pods for plan in plans),
        "bindAddress": plans[0].unspecified,
        "healthzBindAddress": place(address, ports.HEALTHZ),
        # On all addresses: the steward reads them from outside of the node, to know when the first sync is done.
        "metricsBindAddress": place(plans[0].unspecified, ports.METRICS),
    }
    if kernel is NodeKernel.HOST:
        document["conntrack"] = _LEAVE_CONNTRACK
    return changed(yaml.safe_dump(document, sort_keys=False), fields)


def pause_after(code: int, former: ProxyManifest, following: ProxyManifest) -> float:
    """How long a node is without kube-proxy after one of `former` ended with this code, in s.

    Whoever tells a kube-proxy to end (SIGTERM) that stays what it is wants another configuration taken up. Nothing is
    asked of the gap then, which no kubelet would make.
    """
    return 0.0 if code == -signal.SIGTERM and following == former else RESTART_DELAY_S


class ProxySupervisor:
    """Keeps a kube-proxy running on one node, until the world ends: at each start, that of the node's manifest."""

    def __init__(self, node: InnerNode, address: str, state: Path, log: Path, path: str) -> None:
        self._node = node
        self._address = address
        self._state = state
        self._log = log
        self._path = path

    def start(self) -> None:
        threading.Thread(target=self._supervise, name=f"kube-proxy {self._node.name}", daemon=True).start()

    def _supervise(self) -> None:
        while True:
            self._node.wait_on()
            manifest = ProxyManifest.load(self._state, self._node.name)
            with self._log.open("a", encoding="utf-8") as log:
                process = self._node.start(manifest.argv, env={"PATH": self._path}, log=log)
            code = process.wait()
            pause_s = pause_after(code, manifest, ProxyManifest.load(self._state, self._node.name))
            with self._log.open("a", encoding="utf-8") as log:
                log.write(f"--- kube-proxy ended with {code}; next start in {pause_s:g} s\n")
            time.sleep(pause_s)

    def wait_healthy(self, deadline_s: float) -> None:
        """Return when the proxy's /healthz is content. It is so before the first sync: see wait_synced."""

        def healthy() -> bool:
            return status_code(self._address, ports.HEALTHZ, "/healthz", timeout_s=1.0) == HTTPStatus.OK

        try:
            until(healthy, what=f"kube-proxy on {self._node.name} healthy", deadline_s=deadline_s)
        except NotInTime as late:
            raise self._too_late(late.what) from None

    def wait_synced(self, deadline_s: float) -> None:
        """Return when the proxy has written its rules once: soon on the host's kernel, seconds later on a guest's."""

        def synced() -> bool:
            metrics = text(self._address, ports.METRICS, "/metrics", timeout_s=1.0)
            return _SYNCED.search(metrics) is not None

        try:
            until(synced, what=f"kube-proxy on {self._node.name} in sync", deadline_s=deadline_s, every_s=0.1)
        except NotInTime as late:
            raise self._too_late(late.what) from None

    def _too_late(self, what: str) -> GauntletError:
        if not self._log.exists():
            return GauntletError(f"{what}: it was never started", f"read the logs in {self._log.parent}")
        tail = "\n    ".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
        return GauntletError(f"{what}\n    {tail}", f"read all of {self._log}")
