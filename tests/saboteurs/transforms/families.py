"""One IP family is not served as the other is."""

from __future__ import annotations

import ipaddress
import re

from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.rewrites import in_ipv6
from tests.saboteurs.transforms import ports

# What an endpoint is written as: `fd10:244:0:1::2 . 8080`, `[fd10:244:0:1::2]:8080`.
_ENDPOINT = re.compile(r"( : )([0-9a-f:]+)( \. \d+)|(\[)([0-9a-f:]+)(\]:\d+)")


def mapped(text: str) -> str:
    """The endpoints of IPv6 are the IPv4 addresses of a sandbox's pods, as IPv6 can write them: ::ffff:10.244.1.2."""

    def as_ipv4(address: str) -> str:
        groups = ipaddress.IPv6Address(address).exploded.split(":")
        return f"::ffff:10.244.{int(groups[3], 16)}.{int(groups[7], 16)}"

    def endpoint(found: re.Match[str]) -> str:
        before, address, after = filter(None, found.groups())
        return f"{before}{as_ipv4(address)}{after}"

    return re.sub(r"^.*( dnat |--to-destination ).*$", lambda line: _ENDPOINT.sub(endpoint, line[0]), text, flags=re.M)


SABOTEURS = {
    "ipv6-never": in_ipv6(
        rewriting(
            nft=without_lines("^add rule ip6 kube-proxy services "),
            iptables=without_lines("^-A KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS) "),
        )
    ),
    "ipv6-node-ports-lost": in_ipv6(ports.SABOTEURS["node-ports-lost"]),
    "ipv6-endpoints-of-ipv4": in_ipv6(rewriting(nft=mapped, iptables=mapped)),
}
