"""Reads the rules of a node, through the node's own tools."""

from __future__ import annotations

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules.forwarding import Forwarding, RuleSize

# A node with 10,000 Services lists hundreds of thousands of rules.
_LISTING_TIMEOUT_S = 120.0


def read(node: Host, mode: ProxyMode) -> Forwarding:
    """What would be forwarded where on this node. A table that is not there gives a model without routes.

    Raises CommandFailed if the tool fails.
    """
    return traits(mode).rules.forwarding(_listing(node, mode))


def size(node: Host, mode: ProxyMode) -> RuleSize:
    """How many rules, chains and elements kube-proxy has on this node. Cheaper than `read`. Raises the same."""
    return traits(mode).rules.size(_listing(node, mode))


def _listing(node: Host, mode: ProxyMode) -> str:
    reader = traits(mode).rules
    listed = node.run(reader.command, check=not reader.may_fail, timeout_s=_LISTING_TIMEOUT_S)
    return listed.stdout if listed.code == 0 else ""
