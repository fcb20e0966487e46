"""What the network faults share: chains of their own in iptables, named after the fault, and their counters."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.family import Family, family_of, parted
from gauntlet.ground.journal.store import Argv
from gauntlet.proxy.rules.iptables import TOOLS

# Packets are dropped where they come in and where they are forwarded, never in OUTPUT: there a drop shows to the
# sending program as EPERM, which no network does. raw comes before conntrack, which must not see what was lost.
_PLACES = (("raw", "PREROUTING"), ("mangle", "FORWARD"))
# Neighbours go on finding each other, as they do by ARP, which no rule of iptables meets.
_NEIGHBOURS = {
    Family.IPV4: (),
    Family.IPV6: tuple(f"-p ipv6-icmp -m icmp6 --icmpv6-type {kind} -j RETURN" for kind in (135, 136)),
}
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

    iptables and ip6tables, because every node has them: nft of a User-Mode Linux guest lacks the families that could
    filter.
    """

    @abstractmethod
    def rules(self, family: Family) -> Rules:
        """The rules for packets of this family. What is to be found by `counted` has a comment, its counter's name."""

    @property
    def families(self) -> tuple[Family, ...]:
        """Whose packets are hurt."""
        return self.scene.cluster.families

    @property
    def chain(self) -> str:
        return f"GAUNTLET-{self.id.rpartition('-')[2]}"

    def plan(self) -> Plan:
        tools = [TOOLS[family] for family in self.families]
        saved = " && ".join(f"{tool}-save -t {table}" for tool in tools for table, _ in _PLACES)
        return Plan(
            act=tuple(
                ("sh", "-c", f'printf %s "$1" | {TOOLS[family]}-restore -w 5 --noflush', "sh", self._tables(family))
                for family in self.families
            ),
            undo=tuple(self._removal(tool, table, hook) for tool in tools for table, hook in _PLACES),
            check=(
                "sh",
                "-c",
                f"saved=$({saved}) || exit 1; "
                f"case $saved in *{self.chain}*) exit 1 ;; esac; echo 'chain {self.chain} is gone'",
            ),
        )

    def _tables(self, family: Family) -> str:
        """Input of iptables-restore: the chains, and how packets come to them."""
        rules = self.rules(family)
        return "".join(
            f"*{table}\n:{self.chain} - [0:0]\n"
            + "".join(f"-A {self.chain} {rule}\n" for rule in found)
            + f"-I {hook} 1 -j {self.chain}\nCOMMIT\n"
            for (table, hook), found in zip(
                _PLACES, ((*_NEIGHBOURS[family], *rules.incoming), rules.forwarded), strict=True
            )
        )

    def _removal(self, tool: str, table: str, hook: str) -> Argv:
        """Command that deletes the chain where it is; elsewhere it has no effect."""
        do = f"{tool} -w 5 -t {table}"
        return (
            "sh",
            "-c",
            f"{do} -n -L {self.chain} >/dev/null 2>&1 || exit 0; "
            f"while {do} -C {hook} -j {self.chain} 2>/dev/null; do {do} -D {hook} -j {self.chain} || exit 1; done; "
            f"{do} -F {self.chain} && {do} -X {self.chain}",
        )

    def counted(self) -> Mapping[Family, Counter[str]]:
        """Packets of each family by counter; none where the chains are not there."""
        return {family: self._counted(TOOLS[family]) for family in self.families}

    def _counted(self, tool: str) -> Counter[str]:
        counted: Counter[str] = Counter()
        for table, _ in _PLACES:
            saved = self.node.run((f"{tool}-save", "-c", "-t", table)).stdout
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
        return Connected(ok == times, f"{ok} of {times} connections from {self.node.name} to {address} port {port}")


def spare_control_plane(cluster: Cluster, family: Family) -> Rules:
    """Rules that let through what is said with the API server, which has an address of one family.

    Where it has an address of its own, readiness probes come from there (the sandbox's do): all of that address is
    spared, or endpoints would go. Where it is on a node, its port alone is. What is said to the node's kubelet is let
    through too: by it commands reach nodes of somebody's cluster, those that undo the fault included.
    """
    address, port = parted(cluster.api_address)
    kubelet = f"-p tcp --dport {KUBELET_PORT} -j RETURN"
    if family_of(address) is not family:
        return Rules(incoming=(kubelet,), forwarded=())
    if address not in {each for node in cluster.nodes for each in node.addresses}:
        return Rules(incoming=(f"-s {address} -j RETURN", kubelet), forwarded=(f"-d {address} -j RETURN",))
    return Rules(
        incoming=(f"-s {address} -p tcp --sport {port} -j RETURN", kubelet),
        forwarded=(f"-d {address} -p tcp --dport {port} -j RETURN",),
    )


def comment(counter: str) -> str:
    """What gives a rule its counter's name."""
    return f"-m comment --comment {counter}"
