"""Which modes have left something in a node's kernel: that of the kube-proxy that runs, and any that ran before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.proxy.modes import traits

_TIMEOUT_S = 120.0
# Which modes make what `_REMAINS` lists, by the word before the colon.
_MAKERS: Mapping[str, frozenset[ProxyMode]] = {
    "iptables": frozenset({ProxyMode.IPTABLES, ProxyMode.IPVS, ProxyMode.USERSPACE}),
    "ipset": frozenset({ProxyMode.IPVS}),
    "link": frozenset({ProxyMode.IPVS}),
    "nft": frozenset({ProxyMode.NFTABLES}),
}
# What is no rule of a Service, and therefore harmless, but still there: chains, sets, the dummy link.
_REMAINS = """
iptables-save 2>/dev/null | grep -e '^:KUBE-' -e '-A.*KUBE-' | sed 's/^/iptables: /'
ipset list -name 2>/dev/null | grep '^KUBE-' | sed 's/^/ipset: /'
ip -o link show kube-ipvs0 2>/dev/null | cut -d ' ' -f 2 | sed 's/^/link: /'
nft list tables 2>/dev/null | grep kube-proxy | sed 's/^/nft: /'
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
    """What kube-proxy's chains, sets, links and tables are there, in whatever mode it ran: a line each."""
    return tuple(node.run(("sh", "-c", _REMAINS)).stdout.splitlines())


def foreign(lines: Iterable[str], mode: ProxyMode) -> tuple[str, ...]:
    """Those lines of `remains` that a kube-proxy in this mode never makes: another one has left them."""
    return tuple(line for line in lines if mode not in _MAKERS[line.partition(":")[0]])


def _telling() -> tuple[ProxyMode, ...]:
    """The modes that leave something which no other mode makes."""
    return tuple(mode for mode in ProxyMode if not traits(mode).residue.is_shared)


def _probe(modes: Iterable[ProxyMode]) -> str:
    return "\n".join([*(f"{traits(mode).residue.condition} && echo {mode}" for mode in modes), "true"])
