"""Reads the rules of a node, through the node's own tools."""

from __future__ import annotations

from gauntlet.cluster import Host, ProxyMode
from gauntlet.errors import UsageError
from gauntlet.rules import iptables, nftables
from gauntlet.rules.forwarding import Forwarding, RuleSize

# A node with 10,000 Services lists hundreds of thousands of rules.
_LISTING_TIMEOUT_S = 120.0

_SAVE = ("iptables-save",)
_LIST = ("nft", "-j", "list", "table", "ip", "kube-proxy")


def read(node: Host, mode: ProxyMode) -> Forwarding:
    """What would be forwarded where on this node. A table that is not there gives a model without routes.

    Raises UsageError for a mode that keeps its state elsewhere, CommandFailed where the tool fails.
    """
    text = _listing(node, mode)
    return iptables.forwarding(text) if mode is ProxyMode.IPTABLES else nftables.forwarding(text)


def size(node: Host, mode: ProxyMode) -> RuleSize:
    """How many rules, chains and elements kube-proxy has on this node. Cheaper than `read`."""
    text = _listing(node, mode)
    return iptables.size(text) if mode is ProxyMode.IPTABLES else nftables.parse(text).size


def mode_of(node: Host) -> ProxyMode:
    """The mode whose rules are on this node: nftables where its table is there, otherwise iptables."""
    listed = node.run(("nft", "-t", "list", "table", "ip", "kube-proxy"), check=False, timeout_s=_LISTING_TIMEOUT_S)
    return ProxyMode.NFTABLES if listed.code == 0 else ProxyMode.IPTABLES


def _listing(node: Host, mode: ProxyMode) -> str:
    if mode is ProxyMode.IPTABLES:
        return node.run(_SAVE, timeout_s=_LISTING_TIMEOUT_S).stdout
    if mode is ProxyMode.NFTABLES:
        listed = node.run(_LIST, check=False, timeout_s=_LISTING_TIMEOUT_S)
        return listed.stdout if listed.code == 0 else ""
    raise UsageError(f"{mode} mode keeps its state in no table that is read here", "use iptables or nftables mode")
