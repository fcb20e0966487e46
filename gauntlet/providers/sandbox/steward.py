"""Builds the cluster inside a new world and keeps it running. Runs as the child of the world's first process."""

from __future__ import annotations

import json
import logging
import os
import shlex
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.kube.api import Api
from gauntlet.kube.connection import CertificateConnection
from gauntlet.nodes.guest import node as guest
from gauntlet.providers.load_balancer import LoadBalancer
from gauntlet.providers.sandbox import admission, certificates, fabric, guests, inner_node, layout, registration, relay
from gauntlet.providers.sandbox.binder import Binder
from gauntlet.providers.sandbox.control_plane import ControlPlane
from gauntlet.providers.sandbox.events import Events
from gauntlet.providers.sandbox.inner_node import InnerNode, NamespaceNode
from gauntlet.providers.sandbox.layout import HostRecord, WorldSpec
from gauntlet.providers.sandbox.places import Place
from gauntlet.providers.sandbox.pod_runner import PodRunner
from gauntlet.providers.sandbox.proxies import ProxySupervisor, configuration
from gauntlet.providers.sandbox.proxy_manifest import ProxyManifest
from gauntlet.proxy.finder import NAME as DATA_PLANE
from gauntlet.proxy.modes import traits

PROXIES_DEADLINE_S = 60.0
# In a user namespace one netlink transaction is limited to net.core.wmem_max, too little for the rules of a thousand
# Services. iptables-legacy does not use netlink: where the kernel has it, it takes the place of iptables-nft.
_LEGACY_IPTABLES = """
legacy=$(command -v xtables-legacy-multi) || exit 0
if $legacy iptables -t nat -L -n >/dev/null 2>&1 && $legacy ip6tables -t nat -L -n >/dev/null 2>&1; then
    mount --bind $legacy ${legacy%/*}/xtables-nft-multi
fi
"""
_log = logging.getLogger(__name__)


def run(spec: WorldSpec) -> None:
    """Bring the cluster up, report it, and serve until the world ends. Never returns in good order."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    report = os.fdopen(spec.report_fd, "w", encoding="utf-8")
    try:
        nodes, outside = _bring_up(spec)
    except GauntletError as error:
        report.write(json.dumps({"error": error.what, "remedy": error.remedy}) + "\n")
        report.close()
        os._exit(1)
    up = {
        "nodes": [asdict(node.record) for node in nodes],
        "outside": asdict(HostRecord(outside.name, tuple(plan.outside for plan in spec.plans), outside.pid)),
    }
    report.write(json.dumps(up) + "\n")
    report.close()
    while True:
        # A dead component is not mended: the run sees a dead API server and says so.
        time.sleep(3600)


def _bring_up(spec: WorldSpec) -> tuple[Sequence[InnerNode], Place]:
    os.environ["PATH"] = SYSTEM_PATH
    _log.info("world begins")
    work = Path("/run/gauntlet")
    _own_run_folder(spec.binaries)
    if spec.user_namespace and spec.tools is None:
        _shell(_LEGACY_IPTABLES)
    logs = Path(spec.state_dir) / "logs"
    authority = certificates.Authority()
    control_plane = ControlPlane(Path(layout.BIN), work, logs, authority, spec.plans)
    fabric.set_up(spec.plans)
    nodes = _nodes(spec, work)
    control_plane.start()
    outside = fabric.outside(spec.nodes, spec.plans)
    _log.info("the fabric is wired; etcd and kube-apiserver start")

    kubeconfig = Path(spec.state_dir) / "kubeconfig"
    _private(kubeconfig, authority.kubeconfig(certificates.ADMIN, cluster=spec.name, server=spec.relay_url))
    listener = socket.socket(fileno=spec.relay_fd)
    threading.Thread(
        target=relay.serve, args=(listener, (control_plane.address, layout.API_PORT)), name="relay", daemon=True
    ).start()

    identity = work / "pki" / "steward.pem"
    _private(identity, authority.identity(certificates.ADMIN))
    api = Api(CertificateConnection(control_plane.url, work / "pki" / "ca.crt", identity))
    control_plane.wait_ready()
    _log.info("kube-apiserver is ready")
    control_plane.start_controllers()
    for node in nodes:
        registration.register(api, node.name, inner_node.addresses(node), inner_node.pod_ranges(node))
    admission.warn_of_missing_controllers(api)
    for node in nodes:
        node.wait_booted()
    supervisors = [_proxy(spec, node, authority, control_plane.url) for node in nodes]
    for supervisor in supervisors:
        supervisor.start()
    events = Events(api)
    PodRunner(api, events, nodes, Path(layout.BIN), logs / "pods").start()
    Binder(api, events).start()
    LoadBalancer(api, [plan.load_balancers for plan in spec.plans]).follow()
    _log.info("nodes are registered; kube-proxies start")
    for supervisor in supervisors:
        supervisor.wait_healthy(PROXIES_DEADLINE_S)
    if traits(ProxyMode(spec.mode)).counts_syncs:
        for supervisor in supervisors:
            supervisor.wait_synced(PROXIES_DEADLINE_S)
    registration.wait_default_namespace(api)
    _log.info("all kube-proxies have written their rules")
    return nodes, outside


def _nodes(spec: WorldSpec, work: Path) -> Sequence[InnerNode]:
    if spec.kernel is NodeKernel.OWN:
        # They boot beside the control plane.
        return guests.boot(spec.nodes, Path(spec.state_dir), work, spec.plans)
    return [
        NamespaceNode(fabric.node(index, spec.nodes, spec.plans), index, spec.plans)
        for index in range(1, spec.nodes + 1)
    ]


def _own_run_folder(binaries: Mapping[str, str]) -> None:
    """A tmpfs on /run, which the host's daemons do not share, with the binaries bound into it."""
    script = f"mount -t tmpfs tmpfs /run\nmkdir -p {layout.BIN}\n"
    for name, path in binaries.items():
        place = f"{layout.BIN}/{name}"
        script += f"mkdir -p {Path(place).parent}\ntouch {place}\nmount --bind {shlex.quote(path)} {place}\n"
    _shell(script)


def _shell(script: str) -> None:
    done = subprocess.run(["sh", "-e"], input=script, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GauntletError(f"could not prepare the world: {done.stderr.strip()}", "run `gauntlet doctor`")


def _proxy(spec: WorldSpec, node: InnerNode, authority: certificates.Authority, server: str) -> ProxySupervisor:
    state = Path(spec.state_dir)
    layout.node_folder(state, node.name).mkdir(parents=True)
    kubeconfig = layout.proxy_kubeconfig(state, node.name)
    _private(kubeconfig, authority.kubeconfig(certificates.PROXY, cluster=spec.name, server=server))
    address = inner_node.addresses(node)[0]
    fields = configuration(
        ProxyMode(spec.mode),
        spec.configuration,
        spec.kernel,
        node=node.name,
        address=address,
        plans=spec.plans,
        kubeconfig=kubeconfig,
    )
    ProxyManifest.write(state, node.name, spec.subject, f"{layout.BIN}/{DATA_PLANE}", fields, spec.tools)
    path = guest.PATH if spec.kernel is NodeKernel.OWN else SYSTEM_PATH
    if spec.proxy_path:
        path = f"{spec.proxy_path}:{path}"
    return ProxySupervisor(node, address, state, state / "logs" / f"kube-proxy-{node.name}.log", path)


def _private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
