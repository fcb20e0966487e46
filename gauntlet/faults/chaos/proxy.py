"""Actions and probes on the kube-proxy of the hurt node."""

from __future__ import annotations

import logging
import subprocess
import time

from gauntlet.faults.chaos.target import Configuration, target_of
from gauntlet.ground.cluster import CommandFailed, Host, Node
from gauntlet.ground.history import EventKind
from gauntlet.ground.waiting import until
from gauntlet.nodes import command
from gauntlet.proxy import health as proxy_health
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy import restart as proxy_restart
from gauntlet.proxy.sync_progress import Rest
from gauntlet.traffic import connector

_ANSWERS_S = 2.0
# As any command on a host has, to be reached and to start: one that hangs must not hold up the whole experiment.
_ENDS_WITHIN_S = 30.0

_log = logging.getLogger("chaostoolkit")


def proxy_healthy(configuration: Configuration) -> bool:
    """Probe: kube-proxy's /healthz on the node says 200."""
    node = target_of(configuration).hurt
    return node.run(proxy_health.healthy(node), check=False).code == 0


def service_answers(configuration: Configuration) -> bool:
    """Probe: a connection from the node to the Service is accepted.

    One that is made for the experiment is not there yet: then `default/kubernetes`, which every cluster has, is asked.
    """
    target = target_of(configuration)
    address, port = proxy_health.address_of(target.cluster, target.lasting_service)
    reason = refusal(target.hurt, address, port)
    if reason:
        _log.warning(
            "%s (%s:%d) does not answer on %s: %s", target.lasting_service, address, port, target.hurt.name, reason
        )
    return not reason


def refusal(host: Host, address: str, port: int, *, within_s: float = _ENDS_WITHIN_S) -> str:
    """Why a connection from this host is not accepted; empty if it is.

    Raises CommandFailed if the host does not say so within `within_s` seconds.
    """
    argv = (connector.__name__, address, str(port), f"{_ANSWERS_S:g}")
    with host.spawn_module(argv[0], argv[1:], stderr=subprocess.PIPE) as process:
        try:
            reason = process.communicate(timeout=within_s)[1].strip()
        except subprocess.TimeoutExpired:
            process.kill()
            raise command.late(host.name, argv, within_s) from None
    return "" if process.returncode == 0 else reason or f"the connector ended with {process.returncode}"


def proxy_at_rest(within_s: float, configuration: Configuration) -> str:
    """Probe: wait until kube-proxy has taken up all that it heard of. Fails if it has not within `within_s` seconds.

    A kube-proxy that still has something to write would undo a fault for a reason that has nothing to do with it.
    """
    target = target_of(configuration)
    node = target.hurt
    await_rest(node, within_s)
    evidence = f"kube-proxy on {node.name} has nothing more to write"
    target.note(EventKind.PROXY_AT_REST, node.name, evidence, node=node.name)
    return evidence


def await_rest(node: Node, within_s: float) -> None:
    """Raises NotInTime if kube-proxy is not at rest in time. In userspace mode, which counts no syncs, it never is."""
    rest = Rest()
    until(
        lambda: rest.see(proxy_metrics.read(node)),
        what=f"kube-proxy on {node.name} is at rest",
        deadline_s=within_s,
        every_s=0.5,
        retry_on=(CommandFailed,),
        remedy="wait until nobody changes Services or endpoints",
    )


def restart_proxy(configuration: Configuration) -> str:
    """Action: restart kube-proxy, the remedy people reach for, and return when the new one's rules are in effect."""
    target = target_of(configuration)
    node = target.hurt
    old = node.proxy_pid()
    began_ns = time.time_ns()
    node.run(("sh", "-c", proxy_restart.RESTART))
    target.note(EventKind.REMEDY_APPLIED, node.name, f"kube-proxy {old} restarted", node=node.name, at_ns=began_ns)
    new = proxy_restart.await_anew(node, target.cluster, old)
    evidence = f"kube-proxy {new} runs in place of {old}; its rules are in effect"
    target.note(EventKind.PROXY_RESTARTED, node.name, evidence, node=node.name)
    return evidence
