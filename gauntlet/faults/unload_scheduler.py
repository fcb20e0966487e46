"""unload-scheduler: the scheduler in use is unloaded for real, by clearing the virtual servers that hold it."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables, kernel_modules
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import ByItself, Scenario
from gauntlet.proxy import process as proxy_process
from gauntlet.proxy.ipvs import wholeness


class UnloadScheduler(NodeFault):
    """kube-proxy is stopped for that moment, so that it cannot make new virtual servers in between.

    At its next sync it makes them all, and the kernel loads the module for the first of them by itself.
    """

    name: ClassVar[str] = "unload-scheduler"
    needs: ClassVar[Needs] = ipvs_tables.MODULES
    scenarios = (
        Scenario(
            name="unload-scheduler",
            title="the scheduler in use is unloaded for real, and comes back with the virtual servers",
            description="That takes clearing the virtual servers. kube-proxy makes them again, and the kernel loads "
            "the module for them.",
            tags=("ipvs", "modules"),
            injected="the virtual servers are cleared and the module is unloaded",
            landed="the kernel no longer has either",
            remedy=ByItself("kube-proxy makes the virtual servers again by itself", within_s=60),
            healed="the virtual servers are back",
            rolled_back="kube-proxy is restarted where they are missing",
        ),
    )

    def plan(self) -> Plan:
        ipvs_tables.require_ipvsadm(self.node)
        self._module = f"ip_vs_{ipvs_tables.scheduler_in_use(self.node)}"
        kernel_modules.require_loaded(self.node, self._module)
        proxy = proxy_process.running(self.node)
        go_on = proxy.send("CONT")
        act = (
            f"kill -STOP {proxy.pid} && ipvsadm --clear && rmmod {self._module} > {self.notes} 2>&1; "
            f"{kernel_modules.is_loaded(self._module)} && echo 'it stays loaded' >> {self.notes}; {go_on}"
        )
        return Plan(
            act=(("sh", "-c", act),),
            undo=(("sh", "-c", go_on), ipvs_tables.restart_where_missing()),
            check=("sh", "-c", wholeness.CHECK),
        )

    def evidence(self) -> str:
        said = self.node.run(("cat", self.notes)).stdout.strip()
        if said:
            raise NotLanded(f"{self._module} was not unloaded on {self.node.name}: {' '.join(said.split())}")
        return f"{self._module} was unloaded with all virtual servers gone"
