"""unload-used-scheduler: somebody tries to unload the module of the scheduler in use, and the kernel refuses."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables, kernel_modules
from gauntlet.faults.fault import Needs, NotLanded, in_every_mode
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import Heal, Scenario
from gauntlet.promises.promise import BlastRadius


class UnloadUsedScheduler(NodeFault):
    """The evidence is the refusal: virtual servers hold their scheduler. It is over as soon as it is refused."""

    name: ClassVar[str] = "unload-used-scheduler"
    needs: ClassVar[Needs] = ipvs_tables.MODULES
    radius = in_every_mode(BlastRadius.NONE)
    scenarios = (
        Scenario(
            name="unload-used-scheduler",
            title="the kernel refuses to unload the scheduler in use, and no client notices",
            description="Every virtual server holds its scheduler; the refusal is the evidence.",
            tags=("ipvs", "modules"),
            injected="rmmod is tried",
            landed="the kernel refused",
            remedy=Heal(held="the kernel still has the module", heal="nothing is left to undo", hold_s=2),
            healed="the kernel has the module",
            rolled_back="the module is loaded where it is not",
        ),
    )

    def plan(self) -> Plan:
        self._module = f"ip_vs_{ipvs_tables.scheduler_in_use(self.node)}"
        self._holders = kernel_modules.require_loaded(self.node, self._module)
        is_loaded = kernel_modules.is_loaded(self._module)
        return Plan(
            act=(("sh", "-c", f"rmmod {self._module} > {self.notes} 2>&1; true"),),
            undo=(("sh", "-c", f"{is_loaded} || modprobe {self._module}"),),
            check=("sh", "-c", f"{is_loaded} && echo '{self._module} is loaded'"),
        )

    def evidence(self) -> str:
        said = " ".join(self.node.run(("cat", self.notes)).stdout.split())
        if self._module not in kernel_modules.loaded(self.node) or "in use" not in said:
            raise NotLanded(
                f"the kernel of {self.node.name} did not refuse to unload {self._module}: {said or 'no word'}"
            )
        return f"refused: {said} ({self._holders} virtual servers hold it)"

    def still(self) -> str:
        # A refusal leaves nothing that could be over.
        return self.evidence()
