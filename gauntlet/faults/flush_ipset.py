"""flush-ipset: every KUBE-* ipset is emptied; the iptables rules that look into them stay."""

from __future__ import annotations

from typing import ClassVar

from gauntlet.cluster import ProxyMode
from gauntlet.errors import Inconclusive
from gauntlet.faults.fault import Needs, NotLanded
from gauntlet.faults.ipvs_tables import DUMMY
from gauntlet.faults.node_fault import NodeFault, Plan
from gauntlet.faults.proxy_process import RESTART

_LEFT = "/run/gauntlet-ipsets"

# Every address of the dummy device is in KUBE-IPVS-IPS and one of its ports in KUBE-CLUSTER-IP; NodePorts have sets of
# their own, which are in use where virtual servers are at other addresses of the node.
_CHECK = f"""
{{ ip -4 -o address show dev {DUMMY}; ipset save; ipvsadm --save --numeric; }} 2>/dev/null | awk '
  $3 == "inet" {{ split($4, at, "/"); bound[at[1]] = 1 }}
  $1 == "add" && $2 == "KUBE-IPVS-IPS" {{ listed[$3] = 1 }}
  $1 == "add" && $2 ~ /^KUBE-/ {{ entries++ }}
  $1 == "add" && $2 == "KUBE-CLUSTER-IP" {{ clusterIPs++ }}
  $1 == "add" && $2 ~ /^KUBE-NODE-PORT-.*TCP$/ {{ nodePorts++ }}
  $1 == "-A" && $2 == "-t" && $3 !~ /^\\[/ {{ place = $3; sub(/:[0-9]+$/, "", place); served[place] = 1 }}
  END {{
    for (address in bound) if (!(address in listed)) exit 1
    for (address in served) if (!(address in bound) && !nodePorts) exit 1
    if (!clusterIPs) exit 1
    printf "the KUBE-* ipsets hold %d entries, of which %d cluster IPs with a port\\n", entries, clusterIPs
  }}'
"""


class FlushIpset(NodeFault):
    """Whom to masquerade stands in these sets: replies that need it go astray. The virtual servers stay."""

    name: ClassVar[str] = "flush-ipset"
    needs: ClassVar[Needs] = Needs(modes=frozenset({ProxyMode.IPVS}))

    def plan(self) -> Plan:
        self._before = self.node.run(("ipset", "save")).stdout.count("\nadd KUBE-")
        if not self._before:
            raise Inconclusive(f"the ipsets of {self.node.name} are empty already")
        # What is left is written down by the same command: kube-proxy may be back before the next one.
        flush = "ipset list -name | sed -n 's/^KUBE-/flush KUBE-/p' | ipset restore || exit 1; "
        return Plan(
            act=(("sh", "-c", f"{flush} ipset save | grep -c '^add KUBE-' > {_LEFT}; true"),),
            undo=(("sh", "-c", f"( {_CHECK} ) >/dev/null || {{ {RESTART} }}"),),
            check=("sh", "-c", _CHECK),
        )

    def evidence(self) -> str:
        left = int(self.node.run(("cat", _LEFT)).stdout)
        if left:
            raise NotLanded(f"the KUBE-* ipsets of {self.node.name} kept {left} entries of {self._before}")
        return f"the KUBE-* ipsets were empty; {self._before} entries before"
