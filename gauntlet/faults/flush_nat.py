"""flush-nat: kube-proxy's rules in nat go, as by `iptables -t nat -F`, a popular remedy and an outage of its own."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import iptables_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import Restart, Scenario


class FlushNat(NodeFault):
    """kube-proxy notices a flush only by its canary chains being deleted, and `-F` leaves chains alone.

    So it stays hurt until the next full sync or a restart (kubernetes issues 129128, 133767). Undone by a restart.
    Rules of others, which a real `-F` takes too, stay: the fault is kube-proxy's alone.
    """

    name: ClassVar[str] = "flush-nat"
    needs: ClassVar[Needs] = iptables_tables.NEEDS
    scenarios = (
        Scenario(
            name="flush-nat",
            title="kube-proxy's rules in nat are flushed, an outage that a restart of kube-proxy ends",
            description="As by iptables -t nat -F and ip6tables -t nat -F, but rules of others stay. kube-proxy "
            "watches for its chains being deleted, and a flush leaves them; nothing comes back by itself.",
            tags=("iptables", "rules"),
            injected="kube-proxy's rules in nat are flushed",
            landed="nat holds no rule of kube-proxy",
            remedy=Restart("nat still holds no rule of kube-proxy", hold_s=4),
            healed="the rules are back",
            rolled_back="kube-proxy is restarted where its rules are missing",
        ),
    )

    def plan(self) -> Plan:
        self._before = before = iptables_tables.present(self.node, table="nat")
        return Plan(
            act=tuple(("sh", "-c", iptables_tables.flush(each.tool, "nat")) for each in before),
            undo=(iptables_tables.restart_where_missing(before),),
            check=("sh", "-c", iptables_tables.check(before)),
        )

    def evidence(self) -> str:
        left = iptables_tables.present(self.node, table="nat")
        before = iptables_tables.told(self._before)
        if iptables_tables.any_rule(left) or not iptables_tables.any_rule(self._before):
            kept = iptables_tables.told(left)
            raise NotLanded(f"nat on {self.node.name} holds {kept} of kube-proxy; {before} before the flush")
        return f"nat holds no rule of kube-proxy; {before} before the flush"
