"""delete-table: the nftables table `ip kube-proxy` is deleted with all it holds."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.process import RESTART

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
    needs: ClassVar[Needs] = Needs(modes=frozenset({ProxyMode.NFTABLES}))

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
