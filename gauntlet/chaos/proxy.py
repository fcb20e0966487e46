"""Actions and probes on the kube-proxy of the hurt node."""

from __future__ import annotations

import time

from gauntlet import rules
from gauntlet.chaos import observed
from gauntlet.chaos.target import Configuration, target_of
from gauntlet.cluster import Cluster, Node, ProxyMode
from gauntlet.faults import proxy_process
from gauntlet.history import EventKind
from gauntlet.providers.api import Api
from gauntlet.waiting import until

# A kubelet that backs off after crashes lets half a minute pass before it starts kube-proxy again.
_RESTART_DEADLINE_S = 60.0


def proxy_healthy(configuration: Configuration) -> bool:
    """Probe: kube-proxy's /healthz on the node says 200."""
    node = target_of(configuration).hurt
    return node.run(proxy_process.healthy(node), check=False).code == 0


def service_answers(configuration: Configuration) -> bool:
    """Probe: a connection from the node to the Service `default/kubernetes`, which every cluster has, is accepted."""
    target = target_of(configuration)
    spec = observed.service(Api(target.cluster.api), "default", "kubernetes").spec
    connect = f"exec 3<>/dev/tcp/{spec.cluster_ip}/{spec.ports[0].port}"
    return target.hurt.run(("timeout", "2", "bash", "-c", connect), check=False).code == 0


def restart_proxy(configuration: Configuration) -> str:
    """Action: restart kube-proxy, the remedy people reach for, and return when the new one's rules are in effect."""
    target = target_of(configuration)
    node = target.hurt
    old = node.proxy_pid()
    began_ns = time.time_ns()
    node.run(("sh", "-c", proxy_process.RESTART))
    target.note(EventKind.REMEDY_APPLIED, node.name, f"kube-proxy {old} restarted", node=node.name, at_ns=began_ns)
    new = until(
        lambda: _serving_anew(node, target.cluster, old),
        what=f"a new kube-proxy on {node.name} has its rules in effect",
        deadline_s=_RESTART_DEADLINE_S,
        every_s=0.1,
        remedy="read kube-proxy's log of that node",
    )
    evidence = f"kube-proxy {new} runs in place of {old}; its rules are in effect"
    target.note(EventKind.PROXY_RESTARTED, node.name, evidence, node=node.name)
    return evidence


def _serving_anew(node: Node, cluster: Cluster, old: int | None) -> int | None:
    new = node.proxy_pid()
    if new in (None, old) or node.run(proxy_process.healthy(node), check=False).code != 0:
        return None
    return new if _has_rules(node, cluster.mode) else None


def _has_rules(node: Node, mode: ProxyMode) -> bool:
    found = rules.read(node, mode)
    return found.hooked and bool(found.routes)
