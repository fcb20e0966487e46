"""Reads the rules of a node, through the node's own tools."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.ground.family import Family, family_of
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules.forwarding import Forwarding, RuleSize

# A node with 10,000 Services lists hundreds of thousands of rules.
_LISTING_TIMEOUT_S = 120.0


def read(node: Host, mode: ProxyMode, family: Family = Family.IPV4) -> Forwarding:
    """What would be forwarded where on this node, of one IP family.

    A table that is not there, and a family that the mode does not serve, give a model without routes. Raises
    CommandFailed if the tool fails.
    """
    found = traits(mode).rules.forwarding(_listing(node, mode, family))
    # The virtual servers of both families are in one list.
    routes = (each for each in found.routes if each.address is None or family_of(each.address) is family)
    return replace(found, routes=tuple(routes), family=family)


def size(node: Host, mode: ProxyMode) -> RuleSize:
    """How many rules, chains and elements of IPv4 kube-proxy has on this node. Cheaper than `read`; raises the same."""
    return traits(mode).rules.size(_listing(node, mode, Family.IPV4))


def _listing(node: Host, mode: ProxyMode, family: Family) -> str:
    reader = traits(mode).rules
    command = reader.commands.get(family)
    if command is None:
        return ""
    listed = node.run(command, check=not reader.may_fail, timeout_s=_LISTING_TIMEOUT_S)
    return listed.stdout if listed.code == 0 else ""
