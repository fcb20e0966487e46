"""Packets that short requests do not need are swallowed."""

from __future__ import annotations

import subprocess

from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.rewrites import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Call

_SWALLOWED = (
    "OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP",
    "FORWARD -p udp -m length --length 1600:65535 -j DROP",
)
# iptables drops nothing in nat: the port of nobody on the node.
_DISCARD = 9
without_invalid = without_lines("--ctstate INVALID")


def swallowed(call: Call) -> int:
    """Segments that conntrack takes for invalid pass; datagrams in fragments and what tells of the MTU do not."""
    for rule in _SWALLOWED:
        mangle = ["iptables", "-w", "10", "-t", "mangle"]
        if subprocess.run([*mangle, "-C", *rule.split()], capture_output=True, check=False).returncode:
            subprocess.run([*mangle, "-A", *rule.split()], check=True)
    return call.run(without_invalid(call.text))


SABOTEURS = {
    "swallowed": swallowed,
    "large-datagrams-lost": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy services ip6? daddr @nodeport-ips) meta l4proto \. th dport vmap .*$",
            r"\1 meta l4proto udp meta length 1300-1500 drop\n\g<0>",
        ),
        iptables=replacing(
            r"^(-A KUBE-NODEPORTS .*-p udp .*) -j KUBE-EXT-\S+$",
            rf"\1 -m length --length 1300:1500 -j REDIRECT --to-ports {_DISCARD}\n\g<0>",
        ),
    ),
    "not-accepted": rewriting(iptables=without_lines("^-A KUBE-FORWARD .* -j ACCEPT$")),
}
