"""clear-ipvs: `ipvsadm -C`, which people run to start over: all virtual servers are gone, kube-proxy runs on."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import ByItself, Scenario
from gauntlet.ground.errors import Inconclusive
from gauntlet.proxy import ipvs
from gauntlet.proxy.ipvs import wholeness


class ClearIpvs(NodeFault):
    """At each sync, at the latest every syncPeriod, kube-proxy looks what the kernel has and makes what is missing."""

    name: ClassVar[str] = "clear-ipvs"
    needs: ClassVar[Needs] = ipvs_tables.VIRTUAL_SERVERS
    scenarios = (
        Scenario(
            name="clear-ipvs",
            title="ipvsadm -C is an outage, until kube-proxy makes its virtual servers again",
            description="Those of both IP families. kube-proxy looks what the kernel has at each sync, and syncs at "
            "least every syncPeriod (30 s by default).",
            tags=("ipvs", "rules"),
            injected="all virtual servers are cleared",
            landed="none is left",
            remedy=ByItself("kube-proxy makes them again by itself", within_s=60),
            healed="the virtual servers are back",
            rolled_back="kube-proxy is restarted where they are missing",
        ),
    )

    def plan(self) -> Plan:
        ipvs_tables.require_ipvsadm(self.node)
        ipvs_tables.refuse_others(self.scene)
        self._before = len(ipvs.listing(self.node))
        if not self._before:
            raise Inconclusive(f"{self.node.name} has no virtual server that could be cleared")
        return Plan(
            # What is left is written down by the same command: kube-proxy may be back before the next one.
            act=(("sh", "-c", f"ipvsadm --clear && ipvsadm --save --numeric > {self.notes}"),),
            undo=(ipvs_tables.restart_where_missing(),),
            check=("sh", "-c", wholeness.CHECK),
        )

    def evidence(self) -> str:
        left = self.node.run(("cat", self.notes)).stdout.splitlines()
        if left:
            raise NotLanded(f"{self.node.name} kept {len(left)} virtual or real servers of {self._before} virtual ones")
        return f"no virtual server was left of {self._before}"
