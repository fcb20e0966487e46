"""ipvs-absent: kube-proxy starts in ipvs mode on a node that lacks all modules of IPVS."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import kernel_modules
from gauntlet.faults.fault import Needs
from gauntlet.faults.missing_modules import MissingModules
from gauntlet.ground.cluster import ProxyMode

_CORE = "ip_vs"


class IpvsAbsent(MissingModules):
    """As with a kernel that was built without them. What kube-proxy then does and says is the evidence."""

    name: ClassVar[str] = "ipvs-absent"
    needs: ClassVar[Needs] = Needs(modes=frozenset({ProxyMode.IPVS}), own_kernel=True)

    def modules(self) -> tuple[str, ...]:
        kernel_modules.require_loaded(self.node, _CORE)
        others = sorted(each for each in kernel_modules.loaded(self.node) if each.startswith(f"{_CORE}_"))
        return (*others, _CORE)

    def pattern(self, modules: tuple[str, ...]) -> str:  # noqa: ARG002 - whatever is not loaded yet is missing too
        return f"{_CORE}*"
