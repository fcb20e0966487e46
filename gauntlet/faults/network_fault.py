"""What the network faults share: a table of their own on the node, named after the fault, and its counters."""

from __future__ import annotations

import json
from abc import abstractmethod
from dataclasses import dataclass

from gauntlet.faults.node_fault import NodeFault, Plan


@dataclass(frozen=True)
class Connected:
    """What one connection from the node came to."""

    ok: bool
    words: str


class NetworkFault(NodeFault):
    """Drops packets by rules in a table `inet gauntlet_...` on the node; deleting the table undoes it all.

    Packets are dropped where they come in and where they are forwarded, never in the output hook: there a
    drop shows to the sending program as EPERM, which no network does.
    """

    @abstractmethod
    def rules(self) -> str:
        """The inside of the table, in nft's language. Counters are named, so that `counted` finds them."""

    @property
    def table(self) -> str:
        return f"gauntlet_{self.id.replace('-', '_')}"

    def plan(self) -> Plan:
        definition = f"table inet {self.table} {{\n{self.rules()}\n}}\n"
        listing = f"nft list table inet {self.table} >/dev/null 2>&1"
        return Plan(
            act=(("sh", "-c", 'printf %s "$1" | nft -f -', "sh", definition),),
            undo=(("sh", "-c", f"if {listing}; then nft delete table inet {self.table}; fi"),),
            check=("sh", "-c", f"if {listing}; then exit 1; fi; echo 'table inet {self.table} is gone'"),
        )

    def counted(self) -> dict[str, int]:
        """Packets by named counter of the table; empty where the table is not there."""
        listed = self.node.run(("nft", "-j", "list", "counters", "table", "inet", self.table), check=False)
        if listed.code != 0:
            return {}
        entries = json.loads(listed.stdout)["nftables"]
        return {entry["counter"]["name"]: int(entry["counter"]["packets"]) for entry in entries if "counter" in entry}

    def connect(self, address: str, port: int, *, times: int = 1, timeout_s: float = 0.5) -> Connected:
        """Try to connect from the node. `ok` where every try did."""
        once = f"timeout {timeout_s:g} bash -c 'exec 3<>/dev/tcp/{address}/{port}'"
        script = f"ok=0; for try in $(seq {times}); do {once} 2>/dev/null && ok=$((ok + 1)); done; echo $ok"
        ok = int(self.node.run(("bash", "-c", script), timeout_s=30 + times * timeout_s).stdout)
        return Connected(ok == times, f"{ok} of {times} connections from {self.node.name} to {address}:{port}")


def addresses(found: list[str]) -> str:
    """An anonymous set of addresses in nft's language."""
    return "{ " + ", ".join(found) + " }"
