"""Shell that tells whether the IPVS of a node, and what goes with it, is as whole as kube-proxy leaves it."""

from __future__ import annotations

INTERFACE = "kube-ipvs0"

# Of `10.96.0.1:80` and `[fd00::1]:80`.
_HOST = r"""function host(place) { sub(/:[0-9]+$/, "", place); gsub(/\[|\]/, "", place); return place }"""

# Services come and go meanwhile, so that numbers from before say nothing. What always holds once kube-proxy is done:
# every address of its dummy device, of either family, has a virtual server, and every virtual server's address is one
# of the node's.
CHECK = f"""
{{ ip -o address; ipvsadm --save --numeric; }} 2>/dev/null | awk '
  {_HOST}
  $3 ~ /^inet/ && $4 !~ /^fe80:/ {{ split($4, at, "/"); local[at[1]] = 1; if ($2 == "{INTERFACE}") bound[at[1]] = 1 }}
  $1 == "-A" {{ served[host($3)] = 1; virtual++ }}
  $1 == "-a" {{ real++ }}
  END {{
    for (address in served) if (!(address in local)) exit 1
    for (address in bound) {{ if (!(address in served)) exit 1; addresses++ }}
    if (!real || !addresses) exit 1
    printf "%d virtual and %d real servers; {INTERFACE} has %d addresses\\n", virtual, real, addresses
  }}'
"""

# Every address of the dummy device is in KUBE-IPVS-IPS and one of its ports in KUBE-CLUSTER-IP; NodePorts have sets of
# their own, which are in use where virtual servers are at other addresses of the node. Sets of IPv6 begin with KUBE-6-.
SETS_CHECK = f"""
{{ ip -o address show dev {INTERFACE}; ipset save; ipvsadm --save --numeric; }} 2>/dev/null | awk '
  {_HOST}
  function family(address) {{ return address ~ /:/ ? 6 : 4 }}
  $3 ~ /^inet/ && $4 !~ /^fe80:/ {{ split($4, at, "/"); bound[at[1]] = 1; wanted[family(at[1])] = 1 }}
  $1 == "add" && $2 ~ /^KUBE-/ {{ entries++; of = $2 ~ /^KUBE-6-/ ? 6 : 4; sub(/^KUBE-6-/, "KUBE-", $2) }}
  $1 == "add" && $2 == "KUBE-IPVS-IPS" {{ listed[$3] = 1 }}
  $1 == "add" && $2 == "KUBE-CLUSTER-IP" {{ clusterIPs[of]++; all++ }}
  $1 == "add" && $2 ~ /^KUBE-NODE-PORT-.*TCP$/ {{ nodePorts[of]++ }}
  $1 == "-A" && $2 == "-t" {{ served[host($3)] = 1 }}
  END {{
    for (address in bound) if (!(address in listed)) exit 1
    for (address in served) if (!(address in bound) && !nodePorts[family(address)]) exit 1
    if (!all) exit 1
    for (of in wanted) if (!clusterIPs[of]) exit 1
    printf "the KUBE-* ipsets hold %d entries, of which %d cluster IPs with a port\\n", entries, all
  }}'
"""

# A sync makes virtual servers first, then fills the sets, and writes the rules that look into them last. Each family
# has syncs of its own; that of IPv6 counts once the dummy device has an address of IPv6 of the global scope (00).
SYNCED = f"""
( {SETS_CHECK} ) >/dev/null && ( {CHECK} ) && iptables-save -t nat | grep -q -- '--match-set KUBE-CLUSTER-IP ' &&
{{ ! grep -qsE ' 00 [0-9a-f]+ +{INTERFACE}$' /proc/net/if_inet6 ||
ip6tables-save -t nat | grep -q -- '--match-set KUBE-6-CLUSTER-IP '; }}
"""
