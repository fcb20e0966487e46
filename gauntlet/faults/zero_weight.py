"""zero-weight: one backend of one Service port gets the weight 0, so that no new connection goes there."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables
from gauntlet.faults.fault import Needs, NotLanded, in_every_mode
from gauntlet.faults.ipvs_tables import ServiceParameters
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import PREPARE, SERVICE_VARIABLE, Restart, Scenario
from gauntlet.ground.family import place
from gauntlet.promises.promise import BlastRadius
from gauntlet.proxy import ipvs


class ZeroWeight(NodeFault):
    """kube-proxy looks at weights in the first sync after its start alone (kubernetes issues 92019, 108319).

    No client fails while there are other backends, which is why it stays unseen. Undone by setting the weight.
    """

    name: ClassVar[str] = "zero-weight"
    needs: ClassVar[Needs] = ipvs_tables.VIRTUAL_SERVERS
    radius = in_every_mode(BlastRadius.NONE)
    parameters = ServiceParameters
    scenarios = (
        Scenario(
            name="zero-weight",
            title="one real server gets the weight 0, which only a restart of kube-proxy ends",
            description="Of the Service's primary address alone: the other IP family is left whole. kube-proxy looks "
            "at weights in its first sync alone (kubernetes/kubernetes 92019, 108319): the backend idles, unseen.",
            tags=("ipvs", "rules"),
            injected="a real server of the Service gets the weight 0",
            landed="it has the weight 0",
            remedy=Restart("it still has the weight 0", hold_s=4),
            healed="the weight is back",
            rolled_back="the weight is set where it is 0",
            parameters={"service": SERVICE_VARIABLE},
            beforehand=(PREPARE,),
        ),
    )

    def plan(self) -> Plan:
        assert isinstance(self.given, ServiceParameters)
        ipvs_tables.require_ipvsadm(self.node)
        self._virtual = ipvs_tables.virtual_server(self.scene, self.given.service)
        self._real = real = self._virtual.real_servers[0]
        entry = ipvs_tables.entry(self._virtual, real)
        weighs = ipvs_tables.has_real_server(self._virtual, real, weight=f"{real.weight} ")
        return Plan(
            act=(("sh", "-c", f"ipvsadm --edit-server {entry} -m -w 0"),),
            undo=(("sh", "-c", f"{weighs} || ipvsadm --edit-server {entry} -m -w {real.weight}"),),
            check=("sh", "-c", f"{weighs} && echo '{entry} has weight {real.weight}'"),
        )

    def evidence(self) -> str:
        for found in ipvs.listing(self.node):
            if (found.protocol, found.place) == (self._virtual.protocol, self._virtual.place):
                for real in found.real_servers:
                    if (real.address, real.port) == (self._real.address, self._real.port) and real.weight == 0:
                        return f"{place(real.address, real.port)} of {found.place} has weight 0"
        raise NotLanded(f"{place(self._real.address, self._real.port)} of {self._virtual.place} has not the weight 0")
