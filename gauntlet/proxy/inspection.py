"""What one node would do with Service traffic, as data: for `gauntlet inspect`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from gauntlet.ground.cluster import Node, ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy import ipvs, rules
from gauntlet.proxy.ipvs import Ipvs
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Forwarding


@dataclass(frozen=True)
class Inspection:
    """The rules of one node, read into the model of every mode; in ipvs mode also IPVS itself.

    `forwarding` is that of IPv4, `ipv6` that of IPv6; None in a mode that serves one family.
    """

    node: str
    forwarding: Forwarding
    ipvs: Ipvs | None
    ipv6: Forwarding | None = None

    def as_json(self) -> str:
        """All of it. Names and units are those of the classes in proxy/rules/forwarding.py and proxy/ipvs/model.py."""
        return json.dumps(
            {
                "node": self.node,
                **asdict(self.forwarding),
                "ipvs": None if self.ipvs is None else asdict(self.ipvs),
                "ipv6": None if self.ipv6 is None else asdict(self.ipv6),
            },
            indent=2,
        )


def inspect(node: Node, mode: ProxyMode) -> Inspection:
    """Look at this node, whose kube-proxy is in this mode.

    Raises GauntletError in ipvs mode where the node's kernel has no IPVS, CommandFailed if the node's tools fail.
    """
    found = ipvs.inspect(node) if traits(mode).keeps_virtual_servers else None
    ipv6 = None if traits(mode).one_family else rules.read(node, mode, Family.IPV6)
    return Inspection(node.name, rules.read(node, mode), found, ipv6)
