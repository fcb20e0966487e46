"""Endpoints of a Service get other shares of its connections than even ones."""

from __future__ import annotations

import re

from tests.saboteurs import balancing
from tests.saboteurs.call import rewriting
from tests.saboteurs.rewrites import in_lines, replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.balancing import Weights
    from tests.saboteurs.call import Act

MANY = 100
# nftables: a chain that leads to several endpoints; iptables: the share of an endpoint that is not the last.
_SEVERAL = (
    r"^(add rule ip6? kube-proxy (?:service|local)-\S+) meta l4proto (\w+) dnat ip6? addr \. port to numgen random "
    r"mod (\d+) map \{ 0 : (\S+) \. (\d+) .*$"
)
_SHARE_OF_ONE = r"^(-A KUBE-SV[CL]-\S+ .*) -m statistic --mode random --probability \S+( -j KUBE-SEP-\S+)$"


def seventy_twenty_ten(endpoints: int) -> list[int] | None:
    return [7, 2, 1] if endpoints == 3 else None


def half_more_for_the_first(endpoints: int) -> list[int] | None:
    return [3] + [2] * (endpoints - 1) if endpoints > 1 else None


def ninety_nine_to_one(endpoints: int) -> list[int] | None:
    return [99, 1] if endpoints == 2 else None


def last_never(endpoints: int) -> list[int] | None:
    return [1] * (endpoints - 1) + [0] if endpoints > 1 else None


def last_of_many_never(endpoints: int) -> list[int] | None:
    return [1] * (endpoints - 1) + [0] if endpoints >= MANY else None


def _by(weights: Weights) -> Act:
    return rewriting(
        nft=lambda text: balancing.nft(text, weights), iptables=lambda text: balancing.iptables(text, weights)
    )


def nine_to_one(endpoints: int) -> list[int] | None:
    return [9, 1] if endpoints == 2 else None


def _nodes_to_the_first(found: re.Match[str]) -> str:
    before, protocol, address, port = found[1], found[2], found[4], found[5]
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    return f"{before} fib saddr type local meta l4proto {protocol} dnat to {place}\n{found[0]}"


SABOTEURS = {
    "70-20-10": _by(seventy_twenty_ten),
    "three-to-two": _by(half_more_for_the_first),
    "99-to-1": _by(ninety_nine_to_one),
    "last-never": _by(last_never),
    "last-of-100-never": _by(last_of_many_never),
    "local-nine-to-one": rewriting(
        nft=in_lines(r"^add rule ip6? kube-proxy local-", lambda line: balancing.nft(line, nine_to_one)),
        iptables=lambda text: balancing.iptables(text, nine_to_one, "KUBE-SVL-"),
    ),
    # In the order of the rules: of iptables the first has a share of what comes to it.
    "nodes-one-alone": rewriting(
        nft=replacing(_SEVERAL, _nodes_to_the_first),
        iptables=replacing(_SHARE_OF_ONE, r"\1 -m addrtype --src-type LOCAL\2\n\g<0>"),
    ),
}
