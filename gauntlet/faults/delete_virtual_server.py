"""delete-virtual-server: the virtual server of one Service port is deleted, its address stays."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.ipvs_tables import ServiceParameters
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import PREPARE, SERVICE_VARIABLE, ByItself, Scenario
from gauntlet.proxy.restart import RESTART


class DeleteVirtualServer(NodeFault):
    """The node still holds the address, so that it refuses what it no longer forwards. Back at the next sync."""

    name: ClassVar[str] = "delete-virtual-server"
    needs: ClassVar[Needs] = ipvs_tables.VIRTUAL_SERVERS
    parameters = ServiceParameters
    scenarios = (
        Scenario(
            name="delete-virtual-server",
            title="one virtual server is deleted, and kube-proxy makes it again",
            description="That of the Service's primary address alone: one of the other IP family is left whole. The "
            "node still has the address, so that it refuses connections to it; all other Services are served on.",
            tags=("ipvs", "rules"),
            injected="the virtual server of the Service is deleted",
            landed="the kernel no longer has it",
            remedy=ByItself("kube-proxy makes it again by itself", within_s=60),
            healed="the virtual server is back",
            rolled_back="kube-proxy is restarted where it is missing",
            parameters={"service": SERVICE_VARIABLE},
            beforehand=(PREPARE,),
        ),
    )

    def plan(self) -> Plan:
        assert isinstance(self.given, ServiceParameters)
        ipvs_tables.require_ipvsadm(self.node)
        self._found = ipvs_tables.virtual_server(self.scene, self.given.service)
        delete = f"ipvsadm --delete-service --tcp-service {self._found.place}"
        served = ipvs_tables.is_served(self._found)
        return Plan(
            # The rest is written down by the same command: kube-proxy may be back before the next one.
            act=(("sh", "-c", f"{delete} && ipvsadm --save --numeric > {self.notes}"),),
            undo=(("sh", "-c", f"{served} || {{ {RESTART} }}"),),
            check=("sh", "-c", f"{served} && echo '{self._found.place} is served'"),
        )

    def evidence(self) -> str:
        left = self.node.run(("cat", self.notes)).stdout
        if f"-A -t {self._found.place} " in left:
            raise NotLanded(f"{self.node.name} kept its virtual server {self._found.place}")
        others = sum(line.startswith("-A") for line in left.splitlines())
        return f"virtual server {self._found.place} was gone; {others} others stayed"
