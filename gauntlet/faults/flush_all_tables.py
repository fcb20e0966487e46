"""flush-all-tables: kube-proxy's chains in nat, filter and mangle are deleted with all that is in them."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import iptables_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import ByItself, Scenario

_TABLES = ("nat", "filter", "mangle")


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
            description="Those of iptables and of ip6tables; rules of others stay. The canary chain goes too: "
            "kube-proxy looks at it every syncPeriod (30 s by default) and then writes everything.",
            tags=("iptables", "rules"),
            injected="kube-proxy's chains in nat, filter and mangle are deleted",
            landed="no table holds a rule of kube-proxy",
            remedy=ByItself("kube-proxy writes its rules again by itself", within_s=45),
            healed="the rules are back",
            rolled_back="kube-proxy is restarted where its rules are missing",
        ),
    )

    def plan(self) -> Plan:
        self._before = before = iptables_tables.present(self.node, iptables_tables.RULE_OR_CANARY)
        return Plan(
            act=(("sh", "-c", " && ".join(_deleted(each.tool, self.notes) for each in before)),),
            undo=(iptables_tables.restart_where_missing(before),),
            check=("sh", "-c", iptables_tables.check(before)),
        )

    def evidence(self) -> str:
        left = sum(map(int, self.node.run(("cat", self.notes)).stdout.split()))
        before = iptables_tables.told(self._before)
        if left or not iptables_tables.any_rule(self._before):
            raise NotLanded(
                f"{self.node.name} kept {left} rules and canary chains of kube-proxy; {before} before the flush"
            )
        return f"no table held a rule of kube-proxy or its canary chain; {before} before the flush"


def _deleted(tool: str, notes: str) -> str:
    """Shell that deletes the chains of one family, and writes down what is left: kube-proxy may be back at once."""
    count = f"printf '%s\\n' \"$left\" | grep -cE -e '{iptables_tables.RULE_OR_CANARY}' >> {notes}"
    return f"{{ {iptables_tables.delete(tool, *_TABLES)} && left=$({tool}-save) || exit 1; {count}; true; }}"
