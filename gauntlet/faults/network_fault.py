"""What the network faults share: chains of their own in iptables, named after the fault, and their counters."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass

from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.journal.store import Argv

# Packets are dropped where they come in and where they are forwarded, never in OUTPUT: there a drop shows to the
# sending program as EPERM, which no network does. raw comes before conntrack, which must not see what was lost.
_PLACES = (("raw", "PREROUTING"), ("mangle", "FORWARD"))
KUBELET_PORT = 10250
_COUNTED = re.compile(r'^\[(?P<packets>\d+):\d+\] -A (?P<chain>\S+) .*--comment "?(?P<name>[\w-]+)"?')


@dataclass(frozen=True)
class Connected:
    """What one connection from the node came to."""

    ok: bool
    words: str


@dataclass(frozen=True)
class Rules:
    """What happens to packets that come in, and to packets that are forwarded: rules in the words of iptables(8)."""

    incoming: tuple[str, ...]
    forwarded: tuple[str, ...]


class NetworkFault(NodeFault):
    """Drops packets by rules in chains `GAUNTLET-...` of the node; deleting the chains undoes it all.

    iptables, because every node has it: nft of a User-Mode Linux guest lacks the families that could filter.
    """

    @abstractmethod
    def rules(self) -> Rules:
        """The rules. Whatever is to be found by `counted` has a comment, which names its counter."""

    @property
    def chain(self) -> str:
        return f"GAUNTLET-{self.id.rpartition('-')[2]}"

    def plan(self) -> Plan:
        rules = self.rules()
        tables = "".join(
            f"*{table}\n:{self.chain} - [0:0]\n"
            + "".join(f"-A {self.chain} {rule}\n" for rule in found)
            + f"-I {hook} 1 -j {self.chain}\nCOMMIT\n"
            for (table, hook), found in zip(_PLACES, (rules.incoming, rules.forwarded), strict=True)
        )
        return Plan(
            act=(("sh", "-c", 'printf %s "$1" | iptables-restore -w 5 --noflush', "sh", tables),),
            undo=tuple(self._removal(table, hook) for table, hook in _PLACES),
            check=(
                "sh",
                "-c",
                f"saved=$(iptables-save -t raw && iptables-save -t mangle) || exit 1; "
                f"case $saved in *{self.chain}*) exit 1 ;; esac; echo 'chain {self.chain} is gone'",
            ),
        )

    def _removal(self, table: str, hook: str) -> Argv:
        """Command that deletes the chain where it is; elsewhere it has no effect."""
        do = f"iptables -w 5 -t {table}"
        return (
            "sh",
            "-c",
            f"{do} -n -L {self.chain} >/dev/null 2>&1 || exit 0; "
            f"while {do} -C {hook} -j {self.chain} 2>/dev/null; do {do} -D {hook} -j {self.chain} || exit 1; done; "
            f"{do} -F {self.chain} && {do} -X {self.chain}",
        )

    def counted(self) -> Counter[str]:
        """Packets by counter; empty where the chains are not there."""
        counted: Counter[str] = Counter()
        for table, _ in _PLACES:
            saved = self.node.run(("iptables-save", "-c", "-t", table)).stdout
            for line in saved.splitlines():
                found = _COUNTED.match(line)
                if found is not None and found["chain"] == self.chain:
                    counted[found["name"]] += int(found["packets"])
        return counted

    def connect(self, address: str, port: int, *, times: int = 1, timeout_s: float = 0.5) -> Connected:
        """Try to connect from the node. `ok` where every try did."""
        once = f"timeout {timeout_s:g} bash -c 'exec 3<>/dev/tcp/{address}/{port}'"
        script = f"ok=0; for try in $(seq {times}); do {once} 2>/dev/null && ok=$((ok + 1)); done; echo $ok"
        ok = int(self.node.run(("bash", "-c", script), timeout_s=30 + times * timeout_s).stdout)
        return Connected(ok == times, f"{ok} of {times} connections from {self.node.name} to {address}:{port}")


def spare_control_plane(cluster: Cluster) -> Rules:
    """Rules that let through what is said with the API server.

    Where it has an address of its own, readiness probes come from there (the sandbox's do): all of that address is
    spared, or endpoints would go. Where it is on a node, its port alone is. What is said to the node's kubelet is let
    through too: by it commands reach nodes of somebody's cluster, those that undo the fault included.
    """
    address, _, port = cluster.api_address.rpartition(":")
    kubelet = f"-p tcp --dport {KUBELET_PORT} -j RETURN"
    if address not in {node.address for node in cluster.nodes}:
        return Rules(incoming=(f"-s {address} -j RETURN", kubelet), forwarded=(f"-d {address} -j RETURN",))
    return Rules(
        incoming=(f"-s {address} -p tcp --sport {port} -j RETURN", kubelet),
        forwarded=(f"-d {address} -p tcp --dport {port} -j RETURN",),
    )


def comment(counter: str) -> str:
    """What gives a rule its counter's name."""
    return f"-m comment --comment {counter}"
