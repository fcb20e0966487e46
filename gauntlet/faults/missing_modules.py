"""What the faults share whose kube-proxy starts where a module of IPVS is missing."""

from __future__ import annotations

from abc import abstractmethod

from gauntlet.faults import ipvs_tables, kernel_modules
from gauntlet.faults.fault import NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.proxy import process as proxy_process
from gauntlet.proxy import refusal
from gauntlet.proxy.ipvs import wholeness


class MissingModules(NodeFault):
    """Modules are unloaded, with the virtual servers that hold them, and forbidden; then kube-proxy starts anew.

    kube-proxy is stopped until it is killed, so that it cannot make new virtual servers in between.
    """

    @abstractmethod
    def modules(self) -> tuple[str, ...]:
        """The modules to unload, each before those it uses. Raises Inconclusive if they are not loaded."""

    @abstractmethod
    def pattern(self, modules: tuple[str, ...]) -> str:
        """What is forbidden along with these modules: a pattern of names, as modprobe.d(5) has them."""

    def plan(self) -> Plan:
        ipvs_tables.require_ipvsadm(self.node)
        self._modules = self.modules()
        self._log_before = self.node.proxy_log()
        proxy = proxy_process.running(self.node)
        forbid = kernel_modules.forbid(self.id, self.pattern(self._modules))
        act = (
            f"kill -STOP {proxy.pid} && ipvsadm --clear && {forbid} && rmmod {' '.join(self._modules)}; "
            f"code=$?; kill -KILL {proxy.pid}; exit $code"
        )
        allow = kernel_modules.allow(self.id)
        go_on = proxy.send("KILL")
        return Plan(
            act=(("sh", "-c", act),),
            undo=(("sh", "-c", allow), ("sh", "-c", go_on), ipvs_tables.restart_where_missing()),
            check=("sh", "-c", wholeness.CHECK),
        )

    def evidence(self) -> str:
        left = kernel_modules.loaded(self.node).keys() & set(self._modules)
        if left:
            raise NotLanded(f"{self.node.name} has {', '.join(sorted(left))} loaded (again)")
        try:
            reason = refusal.of(self.node, self._log_before)
        except refusal.NotRefused as error:
            raise NotLanded(error.what) from error
        return f"not to be had: {', '.join(self._modules)}; {reason}"
