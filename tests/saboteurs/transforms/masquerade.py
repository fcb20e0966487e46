"""Connections are masqueraded that should not be, or are not that should."""

from __future__ import annotations

from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.rewrites import replacing

# A mark of kube-proxy's own makes its nat table masquerade: `mark set mark or 0x00004000`, `-j KUBE-MARK-MASQ`.
_TO_CLUSTER_IPS = r"^(add rule ip6? kube-proxy services ip6? daddr @cluster-ips) .*(mark set mark or \S+)( comment .*)$"

# As many connections there may be to one backend by one node.
FEW_PORTS = "50000-50127"

SABOTEURS = {
    "hairpin-lost": rewriting(
        nft=without_lines("^add rule ip6? kube-proxy masquerading .*@hairpin-connections "),
        iptables=without_lines(r"^-A KUBE-SEP-\S+ .*-s \S+ -j KUBE-MARK-MASQ$"),
    ),
    "node-ports-lost": rewriting(
        nft=without_lines(r'^add rule ip6? kube-proxy external-\S+ mark set mark or \S+ comment "masquerade"$'),
        iptables=without_lines(r'^-A KUBE-EXT-\S+ .*"masquerade traffic for .* -j KUBE-MARK-MASQ$'),
    ),
    "outside-lost": rewriting(
        nft=without_lines("^add rule ip6? kube-proxy services ip6? daddr @cluster-ips .*mark set mark or "),
        iptables=without_lines(r'^-A KUBE-SV[CL]-\S+ .* cluster IP" .* ! -s \S+ -j KUBE-MARK-MASQ$'),
    ),
    "pods-too": rewriting(
        nft=replacing(_TO_CLUSTER_IPS, r"\1 \2\3"),
        iptables=replacing(r'^(-A KUBE-SV[CL]-\S+ .* cluster IP" .*) ! -s \S+( -j KUBE-MARK-MASQ)$', r"\1\2"),
    ),
    "everything": rewriting(
        nft=replacing(r"^(add rule ip6? kube-proxy masquerading) mark and .* (masquerade .*)$", r"\1 \2"),
        iptables=without_lines("^-A KUBE-POSTROUTING -m mark ! --mark .* -j RETURN$"),
    ),
    "local-too": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy external-\S+) fib saddr type local (mark set mark or .*)$", r"\1 \2"
        ),
        iptables=replacing(
            r'^(-A KUBE-EXT-\S+ .*"masquerade LOCAL traffic for .*) -m addrtype --src-type LOCAL( -j KUBE-MARK-MASQ)$',
            r"\1\2",
        ),
    ),
    "few-ports": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy masquerading mark and \S+ != 0) (mark set mark xor \S+ masquerade)( .*)$",
            rf"\1 meta l4proto {{ tcp , udp }} \2 to :{FEW_PORTS}\3\n\g<0>",
        ),
        iptables=replacing(
            "^(-A KUBE-POSTROUTING .*)( -j MASQUERADE)( .*)$",
            rf"\1 -p tcp\2 --to-ports {FEW_PORTS}\3\n\1 -p udp\2 --to-ports {FEW_PORTS}\3\n\g<0>",
        ),
    ),
}
