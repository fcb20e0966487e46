"""What a kube-proxy that cannot start says: its log since a moment, and its health endpoints."""

from __future__ import annotations

import re

from gauntlet.ground.cluster import Node
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.proxy.health import status

ENDPOINTS = ("/healthz", "/livez")
# A supervisor that backs off lets half a minute pass before it starts kube-proxy again.
_DEADLINE_S = 60.0
_GAVE_UP = re.compile(
    r"^(?:E\d{4} .*?\] |Error: |.*?)"
    r"(?P<words>.*(?:can't use the .* proxier|failed validate: |open /proc/sys/net/netfilter/nf_conntrack_\w+: ).*)$",
    re.MULTILINE,
)


class NotRefused(GauntletError):
    """kube-proxy serves, or does not say that it cannot start."""


def words(node: Node, log_before: str) -> str:
    """Why a kube-proxy of this node gave up since then, in its words; empty if none did.

    `log_before` is its log from before.
    """
    found = _GAVE_UP.search(node.proxy_log().removeprefix(log_before))
    return " ".join(found["words"].split())[:300] if found else ""


def of(node: Node, log_before: str) -> str:
    """Why kube-proxy ended, in its words, and what its health endpoints say. Waits for the words.

    `log_before` is its log from before. Raises NotRefused if it gives no such reason, or serves.
    """
    try:
        said = until(
            lambda: words(node, log_before),
            what="kube-proxy says that it cannot start",
            deadline_s=_DEADLINE_S,
            every_s=0.2,
        )
    except NotInTime as late:
        raise NotRefused(f"{node.name}: {late.what}") from late
    health = {endpoint: status(node, endpoint) for endpoint in ENDPOINTS}
    if "200" in health.values():
        raise NotRefused(f"kube-proxy on {node.name} serves: {health}")
    answers = ", ".join(f"{endpoint}: {answer}" for endpoint, answer in health.items())
    return f"kube-proxy ends: {said}; {answers}"
