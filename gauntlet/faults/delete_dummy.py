"""delete-dummy: `ip link delete kube-ipvs0`, and with the device go the addresses of all Services."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import ByItself, Scenario
from gauntlet.proxy.ipvs import wholeness


class DeleteDummy(NodeFault):
    """IPVS sees only packets that are for the node itself: without the addresses, those to a Service pass it by.

    kube-proxy ensures the device at each sync. NodePorts are at other addresses and stay.
    """

    name: ClassVar[str] = "delete-dummy"
    needs: ClassVar[Needs] = ipvs_tables.VIRTUAL_SERVERS
    scenarios = (
        Scenario(
            name="delete-dummy",
            title="kube-ipvs0 is deleted with the addresses of all Services, and kube-proxy makes it again",
            description="The addresses of both IP families. IPVS sees a packet only if it is for the node itself. "
            "kube-proxy ensures the device at each sync.",
            tags=("ipvs", "network"),
            injected="kube-ipvs0 is deleted",
            landed="the node has no such device",
            remedy=ByItself("kube-proxy makes it again by itself", within_s=60),
            healed="the addresses are back",
            rolled_back="kube-proxy is restarted where they are missing",
        ),
    )

    def plan(self) -> Plan:
        ipvs_tables.require_ipvsadm(self.node)  # for the check
        # What is left is written down by the same command: kube-proxy may be back before the next one.
        show = f"ip link show {wholeness.INTERFACE} > {self.notes} 2>&1; true"
        return Plan(
            act=(("sh", "-c", f"ip link delete {wholeness.INTERFACE} || exit 1; {show}"),),
            undo=(ipvs_tables.restart_where_missing(),),
            check=("sh", "-c", wholeness.CHECK),
        )

    def evidence(self) -> str:
        said = self.node.run(("cat", self.notes)).stdout.strip()
        if "does not exist" not in said:
            raise NotLanded(f"{self.node.name} had {wholeness.INTERFACE} (again): {said}")
        return f"ip link show {wholeness.INTERFACE}: {said}"
