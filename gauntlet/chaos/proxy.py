"""Actions and probes on the kube-proxy of the hurt node."""

from __future__ import annotations

import time

from gauntlet.chaos.target import Configuration, target_of
from gauntlet.faults import proxy_process
from gauntlet.history import EventKind


def proxy_healthy(configuration: Configuration) -> bool:
    """Probe: kube-proxy's /healthz on the node says 200."""
    node = target_of(configuration).hurt
    return node.run(proxy_process.healthy(node), check=False).code == 0


def service_answers(configuration: Configuration) -> bool:
    """Probe: a connection from the node to the Service `default/kubernetes`, which every cluster has, is accepted."""
    target = target_of(configuration)
    return target.hurt.run(("bash", "-c", proxy_process.answers_script(target.cluster)), check=False).code == 0


def restart_proxy(configuration: Configuration) -> str:
    """Action: restart kube-proxy, the remedy people reach for, and return when the new one's rules are in effect."""
    target = target_of(configuration)
    node = target.hurt
    old = node.proxy_pid()
    began_ns = time.time_ns()
    node.run(("sh", "-c", proxy_process.RESTART))
    target.note(EventKind.REMEDY_APPLIED, node.name, f"kube-proxy {old} restarted", node=node.name, at_ns=began_ns)
    new = proxy_process.await_anew(node, target.cluster.mode, old)
    evidence = f"kube-proxy {new} runs in place of {old}; its rules are in effect"
    target.note(EventKind.PROXY_RESTARTED, node.name, evidence, node=node.name)
    return evidence
