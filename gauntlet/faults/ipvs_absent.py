"""ipvs-absent: kube-proxy starts in ipvs mode on a node that lacks all modules of IPVS."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables, kernel_modules
from gauntlet.faults.fault import Needs
from gauntlet.faults.missing_modules import MissingModules
from gauntlet.faults.scenario import Heal, Scenario

_CORE = "ip_vs"


class IpvsAbsent(MissingModules):
    """As with a kernel that was built without them. What kube-proxy then does and says is the evidence."""

    name: ClassVar[str] = "ipvs-absent"
    needs: ClassVar[Needs] = ipvs_tables.MODULES
    scenarios = (
        Scenario(
            name="ipvs-absent",
            title="kube-proxy starts without any module of IPVS, says so and ends",
            description="It falls back to no other mode, and no health endpoint answers.",
            tags=("ipvs", "modules"),
            injected="the modules go and kube-proxy starts again",
            landed="kube-proxy says that it cannot start",
            remedy=Heal(held="kube-proxy still cannot start", heal="the modules may be loaded again", hold_s=2),
            healed="the virtual servers are back",
            rolled_back="the modules may be loaded for certain",
        ),
    )

    def modules(self) -> tuple[str, ...]:
        kernel_modules.require_loaded(self.node, _CORE)
        others = sorted(each for each in kernel_modules.loaded(self.node) if each.startswith(f"{_CORE}_"))
        return (*others, _CORE)

    def pattern(self, modules: tuple[str, ...]) -> str:  # noqa: ARG002 - whatever is not loaded yet is missing too
        return f"{_CORE}*"
