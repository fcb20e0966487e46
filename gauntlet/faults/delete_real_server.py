"""delete-real-server: one backend is taken out of the virtual server of one Service port."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables
from gauntlet.faults.fault import Needs, NotLanded, in_every_mode
from gauntlet.faults.ipvs_tables import ServiceParameters
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import PREPARE, SERVICE_VARIABLE, ByItself, Scenario
from gauntlet.promises.promise import BlastRadius
from gauntlet.proxy.restart import RESTART


class DeleteRealServer(NodeFault):
    """New connections go to the others, where there are any. kube-proxy adds it again at its next sync."""

    name: ClassVar[str] = "delete-real-server"
    needs: ClassVar[Needs] = ipvs_tables.VIRTUAL_SERVERS
    radius = in_every_mode(BlastRadius.NONE)
    parameters = ServiceParameters
    scenarios = (
        Scenario(
            name="delete-real-server",
            title="one real server is deleted, and kube-proxy adds it again",
            description="Of the Service's primary address alone: the other IP family is left whole. Meanwhile the "
            "others of its virtual server get its share.",
            tags=("ipvs", "rules"),
            injected="a real server of the Service is deleted",
            landed="the kernel no longer has it",
            remedy=ByItself("kube-proxy adds it again by itself", within_s=60),
            healed="the real server is back",
            rolled_back="kube-proxy is restarted where it is missing",
            parameters={"service": SERVICE_VARIABLE},
            beforehand=(PREPARE,),
        ),
    )

    def plan(self) -> Plan:
        assert isinstance(self.given, ServiceParameters)
        ipvs_tables.require_ipvsadm(self.node)
        found = ipvs_tables.virtual_server(self.scene, self.given.service)
        real = found.real_servers[0]
        self._entry = ipvs_tables.entry(found, real)
        is_back = ipvs_tables.has_real_server(found, real)
        return Plan(
            # The rest is written down by the same command: kube-proxy may be back before the next one.
            act=(("sh", "-c", f"ipvsadm --delete-server {self._entry} && ipvsadm --save --numeric > {self.notes}"),),
            undo=(("sh", "-c", f"{is_back} || {{ {RESTART} }}"),),
            check=("sh", "-c", f"{is_back} && echo 'ipvsadm has {self._entry}'"),
        )

    def evidence(self) -> str:
        left = self.node.run(("cat", self.notes)).stdout
        if f"-a {self._entry} " in left:
            raise NotLanded(f"{self.node.name} kept its real server {self._entry}")
        return f"ipvsadm no longer had {self._entry}"
