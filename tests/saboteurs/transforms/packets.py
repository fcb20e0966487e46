"""Packets that short requests do not need are swallowed, or those that come after very many others."""

from __future__ import annotations

import re
import subprocess

from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.rewrites import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Call

# Of each connection the first packet alone meets rules of nat: one of 60 bytes, over TCP and IPv4.
QUOTA = 11_000
QUOTA_BYTES = 60 * QUOTA
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


def iptables_with_quota(text: str) -> str:
    """Each chain of a Service leads nowhere once it has seen so much."""
    rule = f"-m quota ! --quota {QUOTA_BYTES} -j RETURN"
    for chain in dict.fromkeys(re.findall(r"^-A (KUBE-SVC-\S+) ", text, re.MULTILINE)):
        text = text.replace(f"\n-A {chain} ", f"\n-A {chain} {rule}\n-A {chain} ", 1)
    return text


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
    "quota": rewriting(
        nft=replacing(
            r"^flush chain (ip6? kube-proxy service-\S+/\S+)\n",
            rf"\g<0>add rule \1 quota over {QUOTA_BYTES} bytes return\n",
        ),
        iptables=iptables_with_quota,
    ),
}
