"""What a kube-proxy that cannot start says: its log since a moment, and its health endpoints."""

from __future__ import annotations

import re

from gauntlet.faults.fault import NotLanded
from gauntlet.ground.cluster import Node
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy.process import HEALTHZ_PORT

ENDPOINTS = ("/healthz", "/livez")
# A supervisor that backs off lets half a minute pass before it starts kube-proxy again.
_DEADLINE_S = 60.0
_GAVE_UP = re.compile(r"^(?:E\d{4} .*?\] |Error: |.*?)(?P<words>.*can't use the .* proxier.*)$", re.MULTILINE)


def of(node: Node, log_before: str) -> str:
    """Why kube-proxy ended, in its words, and what its health endpoints say. Waits for the words.

    `log_before` is its log from before. Raises NotLanded where it gives no such reason, or serves.
    """

    def words() -> str | None:
        found = _GAVE_UP.search(node.proxy_log().removeprefix(log_before))
        return " ".join(found["words"].split())[:300] if found else None

    try:
        said = until(words, what="kube-proxy says that it cannot start", deadline_s=_DEADLINE_S, every_s=0.2)
    except NotInTime as late:
        raise NotLanded(f"{node.name}: {late.what}") from late
    health = {endpoint: status(node, endpoint) for endpoint in ENDPOINTS}
    if "200" in health.values():
        raise NotLanded(f"kube-proxy on {node.name} serves: {health}")
    told = ", ".join(f"{endpoint}: {answer}" for endpoint, answer in health.items())
    return f"kube-proxy ends: {said}; {told}"


def status(node: Node, endpoint: str) -> str:
    """The status code of a health endpoint of the node's kube-proxy, or `no answer`."""
    script = (
        f"exec 3<>/dev/tcp/{node.address}/{HEALTHZ_PORT} && "
        rf'printf "GET {endpoint} HTTP/1.0\r\n\r\n" >&3 && read -r -t 2 version code rest <&3 && echo $code'
    )
    return node.run(("bash", "-c", script), check=False).stdout.strip() or "no answer"
