"""Shell that tells whether the IPVS of a node, and what goes with it, is as whole as kube-proxy leaves it."""

from __future__ import annotations

INTERFACE = "kube-ipvs0"

# Services come and go meanwhile, so that numbers from before say nothing. What always holds once kube-proxy is done:
# every address of its dummy device has a virtual server, and every virtual server's address is one of the node's.
CHECK = f"""
{{ ip -4 -o address; ipvsadm --save --numeric; }} 2>/dev/null | awk '
  function host(place) {{ sub(/:[0-9]+$/, "", place); return place }}
  $3 == "inet" {{ split($4, at, "/"); local[at[1]] = 1; if ($2 == "{INTERFACE}") bound[at[1]] = 1 }}
  $1 == "-A" && $3 !~ /^\\[/ {{ served[host($3)] = 1; virtual++ }}
  $1 == "-a" {{ real++ }}
  END {{
    for (address in served) if (!(address in local)) exit 1
    for (address in bound) {{ if (!(address in served)) exit 1; addresses++ }}
    if (!real || !addresses) exit 1
    printf "%d virtual and %d real servers; {INTERFACE} has %d addresses\\n", virtual, real, addresses
  }}'
"""

# Every address of the dummy device is in KUBE-IPVS-IPS and one of its ports in KUBE-CLUSTER-IP; NodePorts have sets of
# their own, which are in use where virtual servers are at other addresses of the node.
SETS_CHECK = f"""
{{ ip -4 -o address show dev {INTERFACE}; ipset save; ipvsadm --save --numeric; }} 2>/dev/null | awk '
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

# A sync makes virtual servers first, then fills the sets, and writes the rules that look into them last.
SYNCED = f"""
( {SETS_CHECK} ) >/dev/null && ( {CHECK} ) && iptables-save -t nat | grep -q -- '--match-set KUBE-CLUSTER-IP '
"""
