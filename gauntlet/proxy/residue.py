"""Which modes have left something in a node's kernel: that of the kube-proxy that runs, and any that ran before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.proxy.modes import traits
from gauntlet.proxy.tools import Tools

_TIMEOUT_S = 120.0
_IPTABLES_BASED = frozenset({ProxyMode.IPTABLES, ProxyMode.IPVS, ProxyMode.USERSPACE})
# Which modes make what `_REMAINS` lists, by the word before the colon.
_MAKERS: Mapping[str, frozenset[ProxyMode]] = {
    "iptables": _IPTABLES_BASED,
    "ip6tables": _IPTABLES_BASED,
    # Listed of the kind that `iptables` is not on the node: no kube-proxy that runs there now writes by it.
    **{f"{family}-{kind}": frozenset() for family in ("iptables", "ip6tables") for kind in Tools},
    "ipset": frozenset({ProxyMode.IPVS}),
    "ipvs": frozenset({ProxyMode.IPVS}),
    "link": frozenset({ProxyMode.IPVS}),
    "nft": frozenset({ProxyMode.NFTABLES}),
}
# Chains and rules of iptables that one mode makes alone (pkg/proxy/*/proxier.go).
_ALONE: Mapping[ProxyMode, re.Pattern[str]] = {
    ProxyMode.IPTABLES: re.compile(r"\bKUBE-(SVC|SEP|EXT|FW|SVL|XLB)-|\bKUBE-(NODEPORTS|EXTERNAL-SERVICES)( |$)"),
    ProxyMode.IPVS: re.compile(
        r"--match-set KUBE-|\bKUBE-(IPVS-(OUT-)?FILTER|LOAD-BALANCER|NODE-PORT|SOURCE-RANGES-FIREWALL)( |$)"
    ),
    ProxyMode.USERSPACE: re.compile(r"\bKUBE-(PORTALS|NODEPORT)-(CONTAINER|HOST|NON-LOCAL)( |$)"),
}
_CHAIN = re.compile(r"\bKUBE-[A-Z0-9-]+")
# The kubelet's as well, so that no kube-proxy deletes them, not even with --cleanup.
KUBELETS = frozenset({"KUBE-FIREWALL", "KUBE-IPTABLES-HINT", "KUBE-KUBELET-CANARY", "KUBE-MARK-DROP"})
# What is no rule of a Service, and therefore harmless, but still there: chains, sets, the dummy link, virtual servers.
_REMAINS = """
kube() { grep -e '^:KUBE-' -e '-A.*KUBE-' | sed "s/^/$1: /"; }
iptables-save 2>/dev/null | kube iptables
ip6tables-save 2>/dev/null | kube ip6tables
case $(iptables --version 2>/dev/null) in *nf_tables*) other=legacy;; *) other=nft;; esac
iptables-$other-save 2>/dev/null | kube iptables-$other
ip6tables-$other-save 2>/dev/null | kube ip6tables-$other
ipset list -name 2>/dev/null | grep '^KUBE-' | sed 's/^/ipset: /'
grep -E '^(TCP|UDP|SCTP) ' /proc/net/ip_vs 2>/dev/null | tr -s ' ' | cut -d ' ' -f 1,2 | sed 's/^/ipvs: /'
ip -o link show kube-ipvs0 2>/dev/null | cut -d ' ' -f 2 | sed 's/^/link: /'
nft list tables 2>/dev/null | grep kube-proxy | sed 's/^/nft: /'
for family in ip ip6; do
  nft -t list table $family kube-proxy 2>/dev/null |
    sed -nE "s/^[[:space:]]*(chain|set|map) ([^ ]+) \\{.*/nft: $family \\1 \\2/p"
done
true
"""


def probe() -> str:
    """Shell that prints a line for each mode of which the node's kernel holds something; `parse` reads them.

    One shell for all modes, because each process costs 36 ms in an own-kernel guest.
    """
    return _probe((*_telling(), *(mode for mode in ProxyMode if traits(mode).residue.is_shared)))


def parse(lines: Iterable[str]) -> tuple[ProxyMode, ...]:
    """The modes among the lines that `probe` printed."""
    return tuple(ProxyMode(line) for line in lines if line in set(ProxyMode))


def mode_of(node: Host) -> ProxyMode:
    """The mode whose rules are on this node; iptables if there is nothing that another mode alone leaves.

    Raises CommandFailed if no command runs on the node.
    """
    found = parse(node.run(("sh", "-c", _probe(_telling())), timeout_s=_TIMEOUT_S).stdout.splitlines())
    return found[0] if found else ProxyMode.IPTABLES


def remains(node: Host) -> tuple[str, ...]:
    """What kube-proxy made there, in whatever mode: chains, rules, sets, links, virtual servers; a line each."""
    return tuple(node.run(("sh", "-c", _REMAINS)).stdout.splitlines())


def foreign(lines: Iterable[str], mode: ProxyMode) -> tuple[str, ...]:
    """Those lines of `remains` that a kube-proxy in this mode never makes: another one has left them."""
    return tuple(line for line in lines if mode not in _makers(line))


def is_kubelets(line: str) -> bool:
    """Whether this line of `remains` is about chains that kubelet and kube-proxy both make, and about no others."""
    return KUBELETS.issuperset(_CHAIN.findall(line) or [line])


def is_told_apart(mode: ProxyMode, earlier: ProxyMode) -> bool:
    """Whether everything that a kube-proxy leaves in one mode can be told from what another makes in its own."""
    return not any({mode, earlier} <= makers for makers in _MAKERS.values())


def _makers(line: str) -> frozenset[ProxyMode]:
    makers = _MAKERS[line.partition(":")[0]]
    alone = frozenset(mode for mode, made in _ALONE.items() if made.search(line))
    return makers & alone if makers & alone else makers


def _telling() -> tuple[ProxyMode, ...]:
    """The modes that leave something which no other mode makes."""
    return tuple(mode for mode in ProxyMode if not traits(mode).residue.is_shared)


def _probe(modes: Iterable[ProxyMode]) -> str:
    return "\n".join([*(f"{traits(mode).residue.condition} && echo {mode}" for mode in modes), "true"])
