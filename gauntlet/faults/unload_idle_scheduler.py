"""unload-idle-scheduler: the module of an IPVS scheduler that nobody uses is unloaded, which works and hurts nobody."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from gauntlet.faults import ipvs_tables, kernel_modules
from gauntlet.faults.fault import Needs, NoParameters, NotLanded, in_every_mode
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import Heal, Scenario
from gauntlet.ground.errors import Inconclusive
from gauntlet.promises.promise import BlastRadius


class SchedulerParameters(NoParameters):
    """`scheduler` is its name in the kernel, without `ip_vs_`."""

    scheduler: str = Field(default="sh", pattern="^[a-z]+$")


class UnloadIdleScheduler(NodeFault):
    """It is loaded first where it is not, so that there is something to unload."""

    name: ClassVar[str] = "unload-idle-scheduler"
    needs: ClassVar[Needs] = ipvs_tables.MODULES
    radius = in_every_mode(BlastRadius.NONE)
    parameters = SchedulerParameters
    scenarios = (
        Scenario(
            name="unload-idle-scheduler",
            title="the module of an unused scheduler is unloaded, and no client notices",
            description="rmmod works: no virtual server holds it.",
            tags=("ipvs", "modules"),
            injected="the module is unloaded",
            landed="the kernel no longer has it",
            remedy=Heal(held="the kernel still does not have it", heal="the module is loaded again", hold_s=2),
            healed="the kernel has it",
            rolled_back="the module is loaded for certain",
        ),
    )

    def plan(self) -> Plan:
        holders = kernel_modules.loaded(self.node).get(self._module, 0)
        if holders:
            raise Inconclusive(f"{self._module} is in use on {self.node.name} ({holders} times)", "choose another")
        return Plan(
            act=(("modprobe", self._module), ("rmmod", self._module)),
            undo=(("modprobe", self._module),),
            check=("sh", "-c", f"{kernel_modules.is_loaded(self._module)} && echo '{self._module} is loaded'"),
        )

    def evidence(self) -> str:
        if self._module in kernel_modules.loaded(self.node):
            raise NotLanded(f"{self._module} is loaded on {self.node.name} (again)")
        return f"/proc/modules has no {self._module}"

    @property
    def _module(self) -> str:
        assert isinstance(self.given, SchedulerParameters)
        return f"ip_vs_{self.given.scheduler}"
