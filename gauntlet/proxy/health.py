"""Does kube-proxy serve? What its health endpoints say, and whether a Service answers. Shell for the node."""

from __future__ import annotations

from http import HTTPStatus

from gauntlet.ground.cluster import Cluster, Node
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.store import Argv
from gauntlet.kube.api import Api, ApiRefused
from gauntlet.kube.objects import ServiceObject, path_of_service
from gauntlet.proxy.ports import HEALTHZ

# The Service that every cluster has.
EVERYWHERE = "default/kubernetes"


def healthy(node: Node) -> Argv:
    """Command that prints the status line of kube-proxy's /healthz and ends with 0 where it says 200."""
    return ("bash", "-c", healthy_script(node))


def healthy_script(node: Node) -> str:
    return f"""{_ask(node, "/healthz")} && echo "kube-proxy /healthz says $code" && [ "$code" = 200 ]"""


def answers_script(cluster: Cluster) -> str:
    """Shell that ends with 0 if the Service that every cluster has accepts a connection within 2 s.

    For checks that are made with what any node has, again and again until one succeeds: bash cannot choose the port
    that it connects from, and one that conntrack remembers from an outage fails though the Service answers. What may
    not fail so is asked by gauntlet/traffic/connector.py.
    """
    address, port = address_of(cluster, EVERYWHERE)
    connect = f"exec 3<>/dev/tcp/{address}/{port}"
    return f"timeout 2 bash -c '{connect}' && echo 'its Services answer'"


def address_of(cluster: Cluster, service: str) -> tuple[str, int]:
    """Cluster IP and first TCP port of a Service, `namespace/name`. Raises UsageError if there is none."""
    try:
        spec = Api(cluster.api).one(ServiceObject, path_of_service(service)).spec
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


def status(node: Node, endpoint: str) -> str:
    """The status code of a health endpoint (`/healthz`, `/livez`) of the node's kube-proxy, or `no answer`."""
    script = f"{_ask(node, endpoint)} && echo $code"
    return node.run(("bash", "-c", script), check=False).stdout.strip() or "no answer"


def _ask(node: Node, endpoint: str) -> str:
    """Shell that has asked a health endpoint; then `$code` is the status code."""
    return (
        f"exec 3<>/dev/tcp/{node.address}/{HEALTHZ} && "
        rf'printf "GET {endpoint} HTTP/1.0\r\n\r\n" >&3 && read -r -t 2 version code rest <&3'
    )
