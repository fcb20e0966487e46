"""Shell that takes kube-proxy's rules out of iptables tables, sparing others' rules, and that sees them come back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from gauntlet.faults.fault import Needs
from gauntlet.ground.cluster import Node, ProxyMode
from gauntlet.ground.journal.store import Argv
from gauntlet.proxy.restart import RESTART
from gauntlet.proxy.rules.iptables import TOOLS

# Kubernetes 1.25 for what is said of userspace mode, the last version that has it.
NEEDS = Needs(
    modes=frozenset({ProxyMode.IPTABLES}),
    elsewhere="this mode keeps its Services in no iptables chain that could be flushed",
    notably={
        ProxyMode.IPVS: "its chains there only say what is masqueraded, and kube-proxy writes them anew at each sync "
        "(writeIptablesRules in pkg/proxy/ipvs/proxier.go): a flush does what the experiment flush-ipset shows",
        ProxyMode.USERSPACE: "its rules in the nat table lead to sockets of kube-proxy and all are ensured again at "
        "each sync (ensurePortals in pkg/proxy/userspace/proxier.go): a flush there is another experiment than in "
        "iptables mode",
    },
)

# The jumps are the last thing kube-proxy writes and the first that a packet meets; DNAT rules are the first.
# A proxier of IPv6 writes its rules also where no Service is of IPv6, and then translates nothing.
_CHECK = """
nat=$({tool}-save -t nat) && filter=$({tool}-save -t filter) || exit 1
for chain in PREROUTING OUTPUT; do
  printf '%s\\n' "$nat" | grep -q -- "^-A $chain .*-j KUBE-SERVICES" || exit 1
done
printf '%s\\n' "$nat" | grep -q -- '^-A POSTROUTING .*-j KUBE-POSTROUTING' || exit 1
printf '%s\\n' "$filter" | grep -q -- '^-A FORWARD .*-j KUBE-FORWARD' || exit 1
rules=$(printf '%s\\n' "$nat" | grep -c -- '^-A KUBE-SEP-.*-j DNAT')
[ "$rules" -ge {least} ] || exit 1
echo "nat of {tool} has its jumps to KUBE-SERVICES and $rules DNAT rules"
"""

# kube-proxy's chains (pkg/proxy/iptables/proxier.go); -FW- and -XLB- are those of versions before 1.24. All other KUBE-
# chains are the kubelet's: KUBE-KUBELET-CANARY, KUBE-FIREWALL, KUBE-MARK-DROP, KUBE-IPTABLES-HINT.
_ENTERED = "KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS|POSTROUTING|FORWARD|PROXY-FIREWALL)"
_CHAIN = f"({_ENTERED}|KUBE-(MARK-MASQ|PROXY-CANARY|(SVC|SVL|EXT|SEP|FW|XLB)-[A-Z0-9]+))"
_BUILT_IN = "(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING)"

# What is kube-proxy's in the output of iptables-save, in the words of grep -E.
RULE = f"^-A {_CHAIN} |^-A {_BUILT_IN} (.* )?-j {_ENTERED}$"
RULE_OR_CANARY = f"{RULE}|^:KUBE-PROXY-CANARY "

# Makes input of iptables-restore from the output of iptables-save. A target without options is at the end of its line.
# Somebody else's rule may lead into a chain of kube-proxy's (to KUBE-MARK-MASQ, say): such a chain is emptied, but can
# only be deleted after that rule. No counted repetition in the patterns: mawk 1.3.4 does not know it.
_REMOVAL = f"""
/^\\*/ {{ table = $1; chains = 0; jumps = ""; split("", used) }}
/^:/ {{ if (substr($1, 2) ~ /^{_CHAIN}$/) chain[++chains] = substr($1, 2) }}
/^-A / && $2 !~ /^{_CHAIN}$/ && $(NF - 1) ~ /^-[jg]$/ && $NF ~ /^{_CHAIN}$/ {{
  if ($2 ~ /^{_BUILT_IN}$/ && $NF ~ /^{_ENTERED}$/) jumps = jumps "-D" substr($0, 3) "\\n"
  else used[$NF] = 1
}}
/^COMMIT/ {{
  print table
  for (i = 1; i <= chains; i++) print ":" chain[i] " - [0:0]"
  printf "%s", jumps
  for (i = 1; i <= chains; i++) if (chains_too && !(chain[i] in used)) print "-X " chain[i]
  print
}}
"""


@dataclass(frozen=True)
class Present:
    """kube-proxy's rules in the tables of one family: `tool` is iptables or ip6tables."""

    tool: str
    rules: int
    translates: bool


def present(node: Node, pattern: str = RULE, *, table: str = "") -> tuple[Present, ...]:
    """What there is of IPv4, and of IPv6 if kube-proxy has a proxier of it: in all tables, or in one."""
    found: list[Present] = []
    of_table = f" -t {table}" if table else ""
    for tool in TOOLS.values():
        saved = node.run(("sh", "-c", f"command -v {tool}-save >/dev/null || exit 0; {tool}-save{of_table}")).stdout
        rules = [line for line in saved.splitlines() if re.search(pattern, line)]
        if rules or not found:
            found.append(Present(tool, len(rules), any("-j DNAT" in line for line in rules)))
    return tuple(found)


def told(whole: Iterable[Present]) -> str:
    """`87 rules of iptables and 45 of ip6tables`."""
    first, *others = whole
    return " and ".join([f"{first.rules} rules of {first.tool}", *(f"{each.rules} of {each.tool}" for each in others)])


def any_rule(whole: Iterable[Present]) -> bool:
    return any(each.rules for each in whole)


def check(whole: Iterable[Present]) -> str:
    """Shell that ends with 0 if the rules of each of these are there, and are in effect."""
    return "".join(_CHECK.format(tool=each.tool, least=int(each.translates)) for each in whole)


def flush(tool: str, *tables: str) -> str:
    """Shell that empties kube-proxy's chains of these tables and removes the jumps to them, but leaves the chains.

    It does to kube-proxy what `iptables -F` does, and nothing to anybody else's rules: a kind node keeps Docker's DNS
    rule in nat, without which a restarted kube-proxy cannot find the API server. All of it is one iptables-restore,
    which changes a table in one piece: nothing is gone in between, and if it fails the table is as it was. `tool` is
    iptables or ip6tables.
    """
    return _restored(tool, tables, "0")


def delete(tool: str, *tables: str) -> str:
    """Shell that deletes kube-proxy's chains of these tables with all that is in them, by one iptables-restore."""
    return _restored(tool, tables, "1")


def restart_where_missing(whole: Iterable[Present]) -> Argv:
    """Command that restarts kube-proxy where its rules are not back by themselves."""
    return ("sh", "-c", f"( {check(whole)} ) >/dev/null || {{ {RESTART} }}")


def _restored(tool: str, tables: tuple[str, ...], chains_too: str) -> str:
    saved = " && ".join(f"{tool}-save -t {table}" for table in tables)
    removal = f"awk -v chains_too={chains_too} {shlex.quote(_REMOVAL)}"
    return f"saved=$({saved}) || exit 1; printf '%s\\n' \"$saved\" | {removal} | {tool}-restore -w 5 --noflush"
