"""The kube-proxy process of a node: who it is, whether it serves, how to restart it. Shell for the node."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from gauntlet.ground.cluster import Cluster, CommandFailed, Node, ProxyMode
from gauntlet.ground.errors import Inconclusive, UsageError
from gauntlet.ground.history import Protocol
from gauntlet.ground.journal.store import Argv
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, ApiRefused, ApiUnreachable
from gauntlet.kube.objects import ServiceObject
from gauntlet.proxy import metrics as proxy_metrics
from gauntlet.proxy import rules
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Forwarding

HEALTHZ_PORT = 10256
# The Service that every cluster has.
EVERYWHERE = "default/kubernetes"
# A kubelet that backs off after crashes lets half a minute pass before it starts kube-proxy again.
_RESTART_DEADLINE_S = 60.0

# Nodes may share one pid namespace; a node's own kube-proxy is the one in the node's network namespace.
# SIGCONT, because a stopped process dies of SIGTERM only when it continues.
RESTART = """
own=$(readlink /proc/self/ns/net)
for comm in /proc/[0-9]*/comm; do
  read -r name < "$comm" || continue
  [ "$name" = kube-proxy ] || continue
  process=${comm%/comm}
  [ "$(readlink "$process/ns/net")" = "$own" ] || continue
  kill -TERM "${process#/proc/}" && kill -CONT "${process#/proc/}"
done 2>/dev/null
true
"""


@dataclass(frozen=True)
class ProxyProcess:
    """One run of kube-proxy. `started` is its start time in clock ticks: pids are used again, these pairs are not."""

    pid: int
    started: str

    def state(self, node: Node) -> str | None:
        """The letter of its state in proc(5); None where it is gone or a zombie."""
        found = _stat(node, self.pid)
        if found is None or found[1] != self.started or found[0] in ("Z", "X"):
            return None
        return found[0]

    def is_this(self) -> str:
        """Shell condition: the process is there and is still the same one."""
        return f'[ "$(cut -d " " -f 22 /proc/{self.pid}/stat 2>/dev/null)" = {self.started} ]'

    def send(self, signal: str) -> str:
        """Shell that sends it a signal. It may be gone, before or meanwhile; else the signal has to reach it."""
        return f"if {self.is_this()}; then kill -{signal} {self.pid} || ! {self.is_this()}; fi"


def running(node: Node) -> ProxyProcess:
    """The kube-proxy that runs on this node. Raises Inconclusive where none does."""
    pid = node.proxy_pid()
    found = None if pid is None else _stat(node, pid)
    if pid is None or found is None:
        raise Inconclusive(f"no kube-proxy runs on {node.name}", "look at its log; was it hurt before?")
    return ProxyProcess(pid, found[1])


def healthy(node: Node) -> Argv:
    """Command that prints the status line of kube-proxy's /healthz and ends with 0 where it says 200."""
    return ("bash", "-c", healthy_script(node))


def healthy_script(node: Node) -> str:
    return (
        f"exec 3<>/dev/tcp/{node.address}/{HEALTHZ_PORT} && "
        r'printf "GET /healthz HTTP/1.0\r\n\r\n" >&3 && read -r -t 2 version code rest <&3 && '
        'echo "kube-proxy /healthz says $code" && [ "$code" = 200 ]'
    )


def answers_script(cluster: Cluster, service: str = EVERYWHERE, *, timeout_s: float = 2) -> str:
    """Shell that ends with 0 if the Service, `namespace/name`, accepts a connection at its first TCP port.

    It ends with 124 if that takes longer than `timeout_s`.

    Raises UsageError if there is no such Service or port.
    """
    address, port = address_of(cluster, service)
    connect = f"exec 3<>/dev/tcp/{address}/{port}"
    return f"timeout {timeout_s:g} bash -c '{connect}' && echo 'its Services answer'"


def address_of(cluster: Cluster, service: str) -> tuple[str, int]:
    """Cluster IP and first TCP port of a Service, `namespace/name`. Raises UsageError if there is none."""
    namespace, _, name = service.partition("/")
    try:
        spec = Api(cluster.api).one(ServiceObject, f"/api/v1/namespaces/{namespace}/services/{name}").spec
    except ApiRefused as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise UsageError(
            f"there is no Service {service}", "set GAUNTLET_SERVICE to namespace/name of an existing one"
        ) from None
    ports = spec.tcp_ports
    if not spec.has_cluster_ip or not ports:
        raise UsageError(f"Service {service} has no TCP port at a cluster IP", "set GAUNTLET_SERVICE to one that has")
    return str(spec.cluster_ip), int(ports[0])


def await_anew(node: Node, cluster: Cluster, old: int | None, mode: ProxyMode | None = None) -> int:
    """Wait until another kube-proxy than `old` is healthy and has its rules in effect. Returns its pid.

    `mode` is given if this node's differs from that of its cluster. Rules alone may still be those of the old one, and
    in ipvs mode /healthz is content before the first sync.
    """
    mode = mode or cluster.mode

    def anew() -> int | None:
        new = node.proxy_pid()
        if new in (None, old) or node.run(healthy(node), check=False).code != 0:
            return None
        found = rules.read(node, mode)
        if not (found.hooked and found.routes):
            return None
        synced = proxy_metrics.read(node).syncs if traits(mode).counts_syncs else _is_whole(found, cluster)
        return new if synced else None

    return until(
        anew,
        what=f"a new kube-proxy on {node.name} has its rules in effect",
        deadline_s=_RESTART_DEADLINE_S,
        every_s=0.1,
        retry_on=(CommandFailed, ApiRefused, ApiUnreachable),
        remedy="read kube-proxy's log of that node",
    )


def _is_whole(found: Forwarding, cluster: Cluster) -> bool:
    """Whether userspace mode has each Service in its rules: there no sync is counted, nor does /healthz wait for one.

    They are all its own: it deletes those of its predecessor before it serves /healthz (NewProxier in
    pkg/proxy/userspace/proxier.go of Kubernetes 1.25).
    """
    routes = {(route.address, route.port, str(route.protocol)) for route in found.routes}
    return _places(cluster) <= routes


def _places(cluster: Cluster) -> set[tuple[str | None, int, str]]:
    """Address, port and protocol of every Service that has an address; the address of a NodePort is None."""
    found: set[tuple[str | None, int, str]] = set()
    for service in Api(cluster.api).list(ServiceObject, "/api/v1/services"):
        if not service.spec.has_cluster_ip:
            continue
        for port in service.spec.ports:
            protocol = port.protocol.lower()
            if protocol not in set(Protocol):
                continue
            found.add((service.spec.cluster_ip, port.port, protocol))
            if port.node_port:
                found.add((None, port.node_port, protocol))
    return found


def _stat(node: Node, pid: int) -> tuple[str, str] | None:
    """State letter and start time of a process on the node."""
    read = node.run(("cat", f"/proc/{pid}/stat"), check=False)
    if read.code != 0:
        return None
    # Field 2, the name in brackets, may hold spaces; fields 3 and 22 are counted from behind it.
    fields = read.stdout.rpartition(")")[2].split()
    return fields[0], fields[19]
