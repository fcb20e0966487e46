"""delete-table: the nftables table `ip kube-proxy` is deleted with all it holds."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import Restart, Scenario
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.restart import RESTART

_TABLE = ("ip", "kube-proxy")

_CHECK = """
dispatch=$(nft list map ip kube-proxy service-ips 2>/dev/null) || exit 1
nft list chain ip kube-proxy nat-prerouting 2>/dev/null | grep -q 'jump services' || exit 1
places=$(printf '%s\\n' "$dispatch" | grep -c ' : goto ') || exit 1
echo "table ip kube-proxy dispatches $places addresses"
"""


class DeleteTable(NodeFault):
    """kube-proxy learns of it only when it next writes (a Service changes) or restarts. Undone by a restart."""

    name: ClassVar[str] = "delete-table"
    needs: ClassVar[Needs] = Needs(
        modes=frozenset({ProxyMode.NFTABLES}), elsewhere="this mode keeps no nftables table that could be deleted"
    )
    scenarios = (
        Scenario(
            name="delete-table",
            title="the nftables table of kube-proxy is deleted, which a restart of kube-proxy ends",
            description="kube-proxy does not watch its table ip kube-proxy; it is back at the next change of a "
            "Service or a restart.",
            tags=("nftables", "rules"),
            injected="table ip kube-proxy is deleted",
            landed="nft has no such table",
            remedy=Restart("nft still has no such table", hold_s=4),
            healed="the table is back",
            rolled_back="kube-proxy is restarted where its table is missing",
        ),
    )

    def plan(self) -> Plan:
        return Plan(
            act=(("nft", "delete", "table", *_TABLE),),
            undo=(("sh", "-c", f"( {_CHECK} ) >/dev/null || {{ {RESTART} }}"),),
            check=("sh", "-c", _CHECK),
        )

    def evidence(self) -> str:
        listed = self.node.run(("nft", "-t", "list", "table", *_TABLE), check=False)
        if listed.code == 0:
            raise NotLanded(f"{self.node.name} has a table {' '.join(_TABLE)} (again)")
        return f"nft list table {' '.join(_TABLE)}: {listed.stderr.strip().splitlines()[0]}"
