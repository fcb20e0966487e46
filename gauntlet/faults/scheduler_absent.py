"""scheduler-absent: kube-proxy starts on a node that lacks the module of its scheduler."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables, kernel_modules
from gauntlet.faults.fault import Needs
from gauntlet.faults.missing_modules import MissingModules
from gauntlet.faults.scenario import Heal, Scenario


class SchedulerAbsent(MissingModules):
    """kube-proxy tries its scheduler with a virtual server of its own before anything else, and ends where it fails."""

    name: ClassVar[str] = "scheduler-absent"
    needs: ClassVar[Needs] = ipvs_tables.MODULES
    scenarios = (
        Scenario(
            name="scheduler-absent",
            title="kube-proxy starts without the module of its scheduler, says so and ends",
            description="It tries its scheduler before all else. It falls back to no other mode, and no health "
            "endpoint answers.",
            tags=("ipvs", "modules"),
            injected="the module goes and kube-proxy starts again",
            landed="kube-proxy says that it cannot start",
            remedy=Heal(held="kube-proxy still cannot start", heal="the module may be loaded again", hold_s=2),
            healed="the virtual servers are back",
            rolled_back="the module may be loaded for certain",
        ),
    )

    def modules(self) -> tuple[str, ...]:
        module = f"ip_vs_{ipvs_tables.scheduler_in_use(self.node)}"
        kernel_modules.require_loaded(self.node, module)
        return (module,)

    def pattern(self, modules: tuple[str, ...]) -> str:
        return modules[0]
