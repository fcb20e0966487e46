"""Reads the rules of a node, through the node's own tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.proxy.rules import iptables, ipvs, nftables, userspace
from gauntlet.proxy.rules.forwarding import Forwarding, RuleSize

# A node with 10,000 Services lists hundreds of thousands of rules.
_LISTING_TIMEOUT_S = 120.0

_SAVE = ("iptables-save",)
_LIST = ("nft", "-j", "list", "table", "ip", "kube-proxy")
# One shell, because each process costs 36 ms in an own-kernel guest. -w: kube-proxy may hold the lock of iptables.
_DETECT = (
    "nft -t list table ip kube-proxy >/dev/null 2>&1 && exec echo nftables; "
    f"grep -qs '^ *{ipvs.INTERFACE}:' /proc/net/dev && exec echo ipvs; "
    f"iptables -w 10 -t nat -S {userspace.PORTALS[0]} 1 >/dev/null 2>&1 && exec echo userspace; "
    "exec echo iptables"
)


@dataclass(frozen=True)
class _Reader:
    """How the rules of one mode are listed and read. Where the command may fail, nothing is there."""

    command: tuple[str, ...]
    forwarding: Callable[[str], Forwarding]
    size: Callable[[str], RuleSize]
    may_fail: bool = False


_READERS = {
    ProxyMode.IPTABLES: _Reader(_SAVE, iptables.forwarding, iptables.size),
    ProxyMode.NFTABLES: _Reader(_LIST, nftables.forwarding, lambda text: nftables.parse(text).size, may_fail=True),
    ProxyMode.IPVS: _Reader(ipvs.COMMAND, ipvs.forwarding, ipvs.size),
    ProxyMode.USERSPACE: _Reader(_SAVE, userspace.forwarding, iptables.size),
}


def read(node: Host, mode: ProxyMode) -> Forwarding:
    """What would be forwarded where on this node. A table that is not there gives a model without routes.

    Raises CommandFailed where the tool fails.
    """
    return _READERS[mode].forwarding(_listing(node, mode))


def size(node: Host, mode: ProxyMode) -> RuleSize:
    """How many rules, chains and elements kube-proxy has on this node. Cheaper than `read`. Raises the same."""
    return _READERS[mode].size(_listing(node, mode))


def mode_of(node: Host) -> ProxyMode:
    """The mode whose rules are on this node: by its nftables table, its dummy interface of ipvs mode, or its chain of
    userspace mode; iptables where none of these is there. Raises CommandFailed where no command runs on the node.
    """
    return ProxyMode(node.run(("sh", "-c", _DETECT), timeout_s=_LISTING_TIMEOUT_S).stdout.strip())


def _listing(node: Host, mode: ProxyMode) -> str:
    reader = _READERS[mode]
    listed = node.run(reader.command, check=not reader.may_fail, timeout_s=_LISTING_TIMEOUT_S)
    return listed.stdout if listed.code == 0 else ""
