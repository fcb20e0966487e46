"""partition-api: a node is cut from the API server. Everything else still reaches it."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import NotLanded
from gauntlet.faults.network_fault import NetworkFault


class PartitionApi(NetworkFault):
    """kube-proxy keeps forwarding by what it last knew, so a replaced endpoint is still sent to."""

    name: ClassVar[str] = "partition-api"

    def rules(self) -> str:
        address, port = self._server()
        return f"""
            counter from_api {{ }}
            counter to_api {{ }}
            chain incoming {{
                type filter hook prerouting priority -350; policy accept;
                ip saddr {address} tcp sport {port} counter name from_api drop
            }}
            chain forwarded {{
                type filter hook forward priority -150; policy accept;
                ip daddr {address} tcp dport {port} counter name to_api drop
            }}
        """

    def evidence(self) -> str:
        address, port = self._server()
        tried = self.connect(address, port)
        counted = self.counted()
        if tried.ok or not counted.get("from_api"):
            raise NotLanded(f"{tried.words} came through; dropped: {counted}")
        return f"{tried.words} came through; packets dropped: {counted['from_api']} of the API server's"

    def _server(self) -> tuple[str, int]:
        address, _, port = self.scene.cluster.api_address.rpartition(":")
        return address, int(port)
