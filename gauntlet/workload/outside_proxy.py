"""A load balancer as ipMode Proxy is for: it takes connections at an address of its own, and asks a NodePort."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from gauntlet.ground.cluster import Host, Node
from gauntlet.traffic import Target

# What it takes for the address becomes its own connection to the node, as with a proxy's.
_RULES = """
table ip proxy {{
  chain arriving {{
    type nat hook prerouting priority dstnat
    ip daddr {address} tcp dport {port} dnat to {node}:{node_port}
  }}
  chain leaving {{
    type nat hook postrouting priority srcnat
    ip daddr {node} tcp dport {node_port} masquerade
  }}
}}
"""


class OutsideProxy:
    """The outside host has the address `at`, to which the nodes route, and hands connections to a NodePort (IPv4)."""

    def __init__(self, outside: Host, nodes: Sequence[Node], at: Target, node_port: Target) -> None:
        self._outside = outside
        self._nodes = nodes
        self._at = at
        self._node_port = node_port

    def __enter__(self) -> Self:
        self._outside.run(("sh", "-ec", "echo 1 > /proc/sys/net/ipv4/ip_forward"))
        rules = _RULES.format(
            address=self._at.address,
            port=self._at.port,
            node=self._node_port.address,
            node_port=self._node_port.port,
        )
        self._outside.run(("nft", "-f", "-"), stdin=rules)
        for node in self._nodes:
            node.run(("ip", "route", "replace", f"{self._at.address}/32", "via", self._outside.address))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self._nodes:
            node.run(("ip", "route", "del", f"{self._at.address}/32"))
        self._outside.run(("nft", "delete", "table", "ip", "proxy"))
        self._outside.run(("sh", "-ec", "echo 0 > /proc/sys/net/ipv4/ip_forward"))
