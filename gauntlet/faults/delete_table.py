"""delete-table: the nftables tables `ip kube-proxy` and `ip6 kube-proxy` are deleted with all they hold."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.scenario import Restart, Scenario
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.proxy.restart import RESTART

_NAME = "kube-proxy"
_FAMILIES = ("ip", "ip6")
# The table of IPv6 is also there where no Service is of IPv6, and then dispatches nothing.
_CHECK = """
dispatch=$(nft list map {family} kube-proxy service-ips 2>/dev/null) || exit 1
nft list chain {family} kube-proxy nat-prerouting 2>/dev/null | grep -q 'jump services' || exit 1
places=$(printf '%s\\n' "$dispatch" | grep -c ' : goto ')
[ "$places" -ge {least} ] || exit 1
echo "table {family} kube-proxy dispatches $places addresses"
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
            title="the nftables tables of kube-proxy are deleted, which a restart of kube-proxy ends",
            description="kube-proxy does not watch its tables ip kube-proxy and ip6 kube-proxy; each is back at the "
            "next change of a Service of its family, both after a restart.",
            tags=("nftables", "rules"),
            injected="tables ip kube-proxy and ip6 kube-proxy are deleted",
            landed="nft has no such tables",
            remedy=Restart("nft still has no such tables", hold_s=4),
            healed="the tables are back",
            rolled_back="kube-proxy is restarted where one of them is missing",
        ),
    )

    def plan(self) -> Plan:
        there = {family: " : goto " in self.node.run(_dispatch(family)).stdout for family in self._present()}
        if not there:
            raise Inconclusive(f"{self.node.name} has no table {_NAME} that could be deleted")
        self._tables = tuple(there)
        check = "".join(_CHECK.format(family=family, least=int(any_place)) for family, any_place in there.items())
        # One transaction: both are gone at once.
        deleted = "; ".join(f"delete table {family} {_NAME}" for family in there)
        return Plan(
            act=(("nft", deleted),),
            undo=(("sh", "-c", f"( {check} ) >/dev/null || {{ {RESTART} }}"),),
            check=("sh", "-c", check),
        )

    def evidence(self) -> str:
        back = [f"{family} {_NAME}" for family in self._present() if family in self._tables]
        if back:
            raise NotLanded(f"{self.node.name} has a table {' and '.join(back)} (again)")
        return f"nft lists no table {' and no table '.join(f'{family} {_NAME}' for family in self._tables)}"

    def _present(self) -> tuple[str, ...]:
        """The families of which the node has a table. Raises CommandFailed: an nft that fails shows nothing."""
        listed = self.node.run(("nft", "list", "tables")).stdout.splitlines()
        return tuple(family for family in _FAMILIES if f"table {family} {_NAME}" in listed)


def _dispatch(family: str) -> tuple[str, ...]:
    return ("nft", "list", "map", family, _NAME, "service-ips")
