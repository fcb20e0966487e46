"""flush-all-tables: kube-proxy's chains in nat, filter and mangle are deleted with all that is in them."""

from __future__ import annotations

import re
from typing import ClassVar

from gauntlet.faults import iptables_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import ByItself, Scenario

_TABLES = ("nat", "filter", "mangle")
_LEFT = "/run/gauntlet-flushed"


class FlushAllTables(NodeFault):
    """The canary chain KUBE-PROXY-CANARY goes too, so kube-proxy notices and writes everything again by itself.

    Rules of others stay, unlike with `iptables -F` and `-X`: the fault is kube-proxy's alone.
    """

    name: ClassVar[str] = "flush-all-tables"
    needs: ClassVar[Needs] = iptables_tables.NEEDS
    scenarios = (
        Scenario(
            name="flush-all-tables",
            title="kube-proxy's chains in all iptables tables are deleted, and kube-proxy writes them again",
            description="Rules of others stay. The canary chain goes too: kube-proxy looks at it every syncPeriod "
            "(30 s by default) and then writes everything.",
            tags=("iptables", "rules"),
            injected="kube-proxy's chains in nat, filter and mangle are deleted",
            landed="no table holds a rule of kube-proxy",
            remedy=ByItself("kube-proxy writes its rules again by itself", within_s=45),
            healed="the rules are back",
            rolled_back="kube-proxy is restarted where its rules are missing",
        ),
    )

    def plan(self) -> Plan:
        self._before = self._count()
        # The count is taken by the same command: kube-proxy may be back before the next one.
        count = f"iptables-save | grep -cE -e '{iptables_tables.RULE_OR_CANARY}' > {_LEFT}; true"
        return Plan(
            act=(("sh", "-c", f"{{ {iptables_tables.delete(*_TABLES)}; }} || exit 1; {count}"),),
            undo=(iptables_tables.restart_where_missing(),),
            check=("sh", "-c", iptables_tables.CHECK),
        )

    def evidence(self) -> str:
        left = int(self.node.run(("cat", _LEFT)).stdout)
        if left or not self._before:
            raise NotLanded(
                f"{self.node.name} kept {left} rules and canary chains of kube-proxy; {self._before} before the flush"
            )
        return f"no table held a rule of kube-proxy or its canary chain; {self._before} before the flush"

    def _count(self) -> int:
        saved = self.node.run(("iptables-save",)).stdout
        return sum(1 for line in saved.splitlines() if re.search(iptables_tables.RULE_OR_CANARY, line))
