"""Giving a node of a running sandbox cluster another kube-proxy, as a rolling update of its DaemonSet would."""

from __future__ import annotations

from dataclasses import replace as with_changes
from pathlib import Path
from typing import Protocol

from gauntlet.ground.cluster import Cluster, Node
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.providers.protocol import ProxyDoesNotServe
from gauntlet.providers.sandbox import layout
from gauntlet.providers.sandbox.address_plan import plans
from gauntlet.providers.sandbox.layout import ClusterRecord, ProxyProgram
from gauntlet.providers.sandbox.proxies import configuration
from gauntlet.providers.sandbox.proxy_manifest import ProxyManifest
from gauntlet.proxy import process
from gauntlet.proxy.process import ProxyProcess
from gauntlet.proxy.restart import await_anew
from gauntlet.subject import Subject

# `terminationGracePeriodSeconds` of a Pod if none is set, as in kubeadm's DaemonSet of kube-proxy.
GRACE_S = 30.0
_GONE_S = 5.0
_LAST_LINES = 8


class _Rolling(Cluster, Protocol):
    """What is needed of a SandboxCluster."""

    @property
    def state_dir(self) -> Path: ...


def replace(cluster: _Rolling, node: Node, given: ProxyProgram) -> None:
    """See gauntlet.providers.protocol.RollingCluster.replace_proxy."""
    subject = Subject.of_json(given.subject)
    fields = configuration(
        subject.mode,
        subject.configuration,
        node.kernel,
        node=node.name,
        address=node.address,
        plans=plans(cluster.families),
        kubeconfig=layout.proxy_kubeconfig(cluster.state_dir, node.name),
    )
    # None between two starts: the next one is the new one's.
    old = process.present(node)
    ProxyManifest.write(cluster.state_dir, node.name, given.name, given.program, fields, subject.tools)
    if old is not None:
        stop(node, old)
    try:
        await_anew(node, cluster, old.pid if old else None, subject.mode)
    except NotInTime as late:
        tail = "\n    ".join(node.proxy_log().splitlines()[-_LAST_LINES:])
        raise ProxyDoesNotServe(
            f"kube-proxy of {given.name} does not serve on {node.name}: {late.what}\n    {tail}",
            f"read all of its log, kube-proxy-{node.name}.log; as long as {cluster.name} runs, the node goes on trying "
            "it until it is given another one, and the other nodes are as they were",
        ) from None


def stop(node: Node, old: ProxyProcess) -> None:
    """End this kube-proxy as a kubelet does: SIGTERM, and SIGKILL if it is still there after the grace period.

    Another one that has started meanwhile is left alone.
    """

    def gone() -> bool:
        return old.state(node) is None

    # A stopped process dies of SIGTERM only when it continues.
    node.run(("sh", "-c", f"{old.send('TERM')}\n{old.send('CONT')}"))
    try:
        until(gone, what=f"kube-proxy on {node.name} ended", deadline_s=GRACE_S)
    except NotInTime:
        node.run(("sh", "-c", old.send("KILL")))
        until(gone, what=f"kube-proxy on {node.name} was killed", deadline_s=_GONE_S)


def settled(record: ClusterRecord, given: ProxyProgram) -> ClusterRecord:
    """The record of a cluster all of whose nodes have been given this kube-proxy."""
    subject = Subject.of_json(given.subject)
    return with_changes(
        record,
        mode=str(subject.mode),
        version=subject.version,
        origin=given.origin,
        proxy_sha256=given.sha256,
        subject=given.subject,
    )
