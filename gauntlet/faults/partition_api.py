"""partition-api: a node is cut from the API server. Everything else still reaches it."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import NotLanded
from gauntlet.faults.network_fault import NetworkFault, Rules, comment
from gauntlet.faults.scenario import PREPARE, REPLACE_ENDPOINT, Heal, Scenario, follow_endpoints
from gauntlet.ground.family import Family, family_of, parted


class PartitionApi(NetworkFault):
    """kube-proxy keeps forwarding by what it last knew, so a replaced endpoint is still sent to."""

    name: ClassVar[str] = "partition-api"
    scenarios = (
        Scenario(
            name="partition-api",
            title="a node is cut from the API server while an endpoint is replaced, and follows when it joins again",
            description="By the address, of one IP family, at which the nodes have it. kube-proxy goes on by what it "
            "last knew.",
            tags=("network", "endpoints"),
            injected="the node is cut from the API server",
            landed="a connection to the API server fails and its packets are counted",
            remedy=Heal(held="the node is still cut from the API server", heal="the node joins again", hold_s=3),
            healed="the rules that cut it off are gone",
            rolled_back="the node joins again for certain",
            beforehand=(PREPARE,),
            meanwhile=(REPLACE_ENDPOINT,),
            afterwards=(follow_endpoints(60),),
        ),
    )

    @property
    def families(self) -> tuple[Family, ...]:
        """That of the one address by which nodes reach the API server."""
        return (family_of(self._server()[0]),)

    def rules(self, family: Family) -> Rules:  # noqa: ARG002 - there is one
        address, port = self._server()
        return Rules(
            incoming=(f"-s {address} -p tcp --sport {port} {comment('from-api')} -j DROP",),
            forwarded=(f"-d {address} -p tcp --dport {port} {comment('to-api')} -j DROP",),
        )

    def evidence(self) -> str:
        address, port = self._server()
        tried = self.connect(address, port)
        (counted,) = self.counted().values()
        if tried.ok or not counted["from-api"]:
            raise NotLanded(f"{tried.words} came through; dropped: {dict(counted)}")
        return f"{tried.words} came through; packets dropped: {counted['from-api']} of the API server's"

    def _server(self) -> tuple[str, int]:
        return parted(self.scene.cluster.api_address)
