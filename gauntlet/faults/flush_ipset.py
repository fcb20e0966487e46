"""flush-ipset: every KUBE-* ipset is emptied; the iptables rules that look into them stay."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults import ipvs_tables
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import ByItself, Scenario
from gauntlet.ground.errors import Inconclusive
from gauntlet.proxy.ipvs import wholeness
from gauntlet.proxy.restart import RESTART


class FlushIpset(NodeFault):
    """Whom to masquerade stands in these sets: replies that need it go astray. The virtual servers stay."""

    name: ClassVar[str] = "flush-ipset"
    needs: ClassVar[Needs] = ipvs_tables.VIRTUAL_SERVERS
    scenarios = (
        Scenario(
            name="flush-ipset",
            title="the ipsets of kube-proxy are flushed, and it fills them again",
            description="Those of both IP families. The iptables rules stay and match nothing, so that nothing is "
            "masqueraded. kube-proxy compares at each sync.",
            tags=("ipvs", "ipset"),
            injected="every KUBE-* ipset is flushed",
            landed="they are empty",
            remedy=ByItself("kube-proxy fills them again by itself", within_s=60),
            healed="the entries are back",
            rolled_back="kube-proxy is restarted where they are missing",
        ),
    )

    def plan(self) -> Plan:
        self._before = self.node.run(("ipset", "save")).stdout.count("\nadd KUBE-")
        if not self._before:
            raise Inconclusive(f"the ipsets of {self.node.name} are empty already")
        # What is left is written down by the same command: kube-proxy may be back before the next one.
        flush = "ipset list -name | sed -n 's/^KUBE-/flush KUBE-/p' | ipset restore && left=$(ipset save) || exit 1; "
        return Plan(
            act=(("sh", "-c", f"{flush} printf '%s\\n' \"$left\" | grep -c '^add KUBE-' > {self.notes}; true"),),
            undo=(("sh", "-c", f"( {wholeness.SETS_CHECK} ) >/dev/null || {{ {RESTART} }}"),),
            check=("sh", "-c", wholeness.SETS_CHECK),
        )

    def evidence(self) -> str:
        left = int(self.node.run(("cat", self.notes)).stdout)
        if left:
            raise NotLanded(f"the KUBE-* ipsets of {self.node.name} kept {left} entries of {self._before}")
        return f"the KUBE-* ipsets were empty; {self._before} entries before"
