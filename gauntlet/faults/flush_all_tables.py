"""flush-all-tables: nat, filter and mangle are flushed and kube-proxy's chains in them deleted."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.cluster import ProxyMode
from gauntlet.faults import iptables_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan

_TABLES = ("nat", "filter", "mangle")


class FlushAllTables(NodeFault):
    """The canary chain KUBE-PROXY-CANARY goes too, so kube-proxy notices and writes everything again by itself."""

    name: ClassVar[str] = "flush-all-tables"
    needs: ClassVar[Needs] = Needs(modes=frozenset({ProxyMode.IPTABLES}))

    def plan(self) -> Plan:
        self._before = self._lines()
        script = "".join(iptables_tables.flush(table) + iptables_tables.delete_chains(table) for table in _TABLES)
        # The counts are taken by the same command: kube-proxy may be back before the next one.
        count = "iptables-save | grep -c KUBE- > /run/gauntlet-flushed; true"
        return Plan(
            act=(("sh", "-c", script + count),),
            undo=(iptables_tables.restart_where_missing(),),
            check=("sh", "-c", iptables_tables.CHECK),
        )

    def evidence(self) -> str:
        left = int(self.node.run(("cat", "/run/gauntlet-flushed")).stdout)
        if left or not self._before:
            raise NotLanded(f"{self.node.name} kept {left} KUBE lines in its tables; {self._before} before the flush")
        return f"no table held a KUBE rule or chain; {self._before} lines before the flush"

    def _lines(self) -> int:
        return self.node.run(("iptables-save",)).stdout.count("KUBE-")
