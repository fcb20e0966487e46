"""partition-api: a node is cut from the API server. Everything else still reaches it."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import NotLanded
from gauntlet.faults.network_fault import NetworkFault, Rules, comment


class PartitionApi(NetworkFault):
    """kube-proxy keeps forwarding by what it last knew, so a replaced endpoint is still sent to."""

    name: ClassVar[str] = "partition-api"

    def rules(self) -> Rules:
        address, port = self._server()
        return Rules(
            incoming=(f"-s {address} -p tcp --sport {port} {comment('from-api')} -j DROP",),
            forwarded=(f"-d {address} -p tcp --dport {port} {comment('to-api')} -j DROP",),
        )

    def evidence(self) -> str:
        address, port = self._server()
        tried = self.connect(address, port)
        counted = self.counted()
        if tried.ok or not counted["from-api"]:
            raise NotLanded(f"{tried.words} came through; dropped: {dict(counted)}")
        return f"{tried.words} came through; packets dropped: {counted['from-api']} of the API server's"

    def _server(self) -> tuple[str, int]:
        address, _, port = self.scene.cluster.api_address.rpartition(":")
        return address, int(port)
