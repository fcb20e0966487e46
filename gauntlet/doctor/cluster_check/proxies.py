"""Does a kube-proxy run on each node, and is it run the way the cluster says?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level
from gauntlet.kube.objects import DaemonSet, PodObject

CHECK = "kube-proxy"
_OK = 200


def runs_as(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> str:
    """How kube-proxy is run here, in a few words."""
    if facts.proxy_sets:
        return ", ".join(f"DaemonSet {each.metadata.full_name}" for each in facts.proxy_sets)
    if facts.pods:
        return "pods without a DaemonSet"
    if any(node.service for node in nodes):
        return "systemd service"
    return "processes" if any(node.processes for node in nodes) else "unknown"


def judge_cluster(facts: ClusterFacts, nodes: Sequence[NodeFacts]) -> Iterator[Diagnosis]:
    """The DaemonSet against what it wants, and pods without one."""
    for each in facts.proxy_sets:
        yield _daemon_set(each, len(facts.linux_nodes))
    if facts.proxy_sets:
        return
    seen = [node for node in nodes if not node.unseen]
    how = runs_as(facts, nodes)
    running = sum(1 for node in seen if node.processes)
    what = "no DaemonSet of kube-proxy, no pod with k8s-app=kube-proxy"
    if facts.pods:
        what = f"no DaemonSet of kube-proxy; {len(facts.pods)} pods with k8s-app=kube-proxy"
    if not seen:
        yield Diagnosis(
            CHECK,
            Level.OK if facts.pods else Level.UNKNOWN,
            CLUSTER,
            what,
            "" if facts.pods else "look on a node: ps -C kube-proxy; k3s runs it inside its own process",
        )
        return
    yield Diagnosis(CHECK, Level.OK, CLUSTER, f"{what}; runs as {how} on {running} of {len(seen)} nodes")


def judge_node(facts: ClusterFacts, node: NodeFacts) -> Iterator[Diagnosis]:
    """Its pod, its systemd service, its process."""
    troubles = [*_pods(facts, node), *_processes(node)]
    yield from troubles
    if not troubles and not node.unseen:
        pids = ", ".join(str(process.pid) for process in node.processes)
        yield Diagnosis(CHECK, Level.OK, node.name, f"runs (pid {pids})")


def state(facts: ClusterFacts, node: NodeFacts) -> str:
    """For the table: what can be said of the kube-proxy of this node in a word."""
    if node.unseen:
        pods = [pod for pod in facts.pods if pod.spec.node_name == node.name]
        return "?" if not pods else "pod ready" if all(pod.ready for pod in pods) else "pod not ready"
    if not node.processes:
        return "in another" if node.healthz.code == _OK else "none"
    if len(node.processes) > 1:
        return f"{len(node.processes)} run"
    return "stopped" if _stopped(node) else "runs"


def _daemon_set(found: DaemonSet, linux_nodes: int) -> Diagnosis:
    status = found.status
    name = f"DaemonSet {found.metadata.full_name}"
    what = f"{name}: {status.number_ready} of {status.desired_number_scheduled} ready"
    namespace = found.metadata.namespace
    if status.number_ready < status.desired_number_scheduled:
        remedy = f"kubectl -n {namespace} get pods -l k8s-app=kube-proxy -o wide; read the logs of those not ready"
        return Diagnosis(CHECK, Level.PROBLEM, CLUSTER, what, remedy)
    if status.desired_number_scheduled < linux_nodes:
        return Diagnosis(
            CHECK,
            Level.WARNING,
            CLUSTER,
            f"{name} wants {status.desired_number_scheduled} pods, but there are {linux_nodes} Linux nodes",
            "compare its nodeSelector and tolerations with the nodes' labels and taints",
        )
    if status.updated_number_scheduled < status.desired_number_scheduled:
        what += f", {status.updated_number_scheduled} of the newest template"
        remedy = f"kubectl -n {namespace} rollout status daemonset/{found.metadata.name}"
        return Diagnosis(CHECK, Level.WARNING, CLUSTER, what, remedy)
    return Diagnosis(CHECK, Level.OK, CLUSTER, what)


def _pods(facts: ClusterFacts, node: NodeFacts) -> Iterator[Diagnosis]:
    mine = [pod for pod in facts.pods if pod.spec.node_name == node.name]
    for pod in mine:
        if not pod.ready:
            yield _unready(pod, node.name)
    if facts.proxy_sets and not mine:
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            node.name,
            "no kube-proxy pod is here, although a DaemonSet runs them",
            "see the node's taints and the DaemonSet's events: kubectl -n kube-system describe daemonset kube-proxy",
        )


def _unready(pod: PodObject, node: str) -> Diagnosis:
    name, kubectl = pod.metadata.name, f"kubectl -n {pod.metadata.namespace}"
    return Diagnosis(
        CHECK,
        Level.PROBLEM,
        node,
        f"the kube-proxy pod is not ready ({pod.trouble})",
        f"{kubectl} logs {name} --previous; {kubectl} describe pod {name}",
    )


def _processes(node: NodeFacts) -> Iterator[Diagnosis]:
    if node.unseen:
        return
    if node.service and not node.service.startswith("active"):
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            node.name,
            f"the systemd service kube-proxy is {node.service}",
            "on the node: systemctl status kube-proxy; journalctl -u kube-proxy -n 50",
        )
    if not node.processes:
        yield _none(node)
    elif len(node.processes) > 1:
        pids = ", ".join(str(process.pid) for process in node.processes)
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            node.name,
            f"{len(node.processes)} kube-proxies run at once (pids {pids}) and write over each other",
            "end the one that should not be there: often a systemd service beside a DaemonSet",
        )
    elif _stopped(node):
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            node.name,
            "kube-proxy is stopped (state T): it follows no change any more",
            "on the node: kill -CONT its pid, or restart it; find out who stopped it",
        )


def _none(node: NodeFacts) -> Diagnosis:
    if node.healthz.code == _OK:
        return Diagnosis(
            CHECK,
            Level.WARNING,
            node.name,
            "no process is named kube-proxy, yet its /healthz answers: another program runs it inside (k3s does)",
            "nothing, if that is meant; the configuration and the log of kube-proxy could not be looked at",
        )
    left = sum(len(each.routes) for each in node.rules)
    rest = f"; the {left} routes that it left still work, and go stale unseen" if left else "; no rule of it is left"
    return Diagnosis(
        CHECK,
        Level.PROBLEM,
        node.name,
        f"no kube-proxy runs{rest}",
        "start it, and read in its log why it ended (kubectl logs --previous, or journalctl -u kube-proxy)",
    )


def _stopped(node: NodeFacts) -> bool:
    return any(process.state in ("T", "t") for process in node.processes)
