"""Services without endpoints do not refuse as they should."""

from __future__ import annotations

from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.rewrites import in_ipv6, replacing

# Of nftables: the rule of reject-chain, and the one for undefined ports of cluster IPs, which would catch the rest.
# The map elements stay, because kube-proxy deletes them by name later on.
_swallowing = rewriting(
    nft=without_lines(r"^add rule ip6? kube-proxy (reject-chain|cluster-ips-check) .*reject"),
    iptables=without_lines(r"has no endpoints.* -j REJECT"),
)

SABOTEURS = {
    "swallowed": _swallowing,
    "swallowed-ipv6": in_ipv6(_swallowing),
    # Every other SYN is dropped: whoever is not refused at once is when the SYN is sent again, a second later.
    "late": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy reject-chain) reject$",
            r"\1 meta l4proto tcp numgen inc mod 2 0 drop\n\g<0>",
        ),
        iptables=replacing(
            r'^(-A KUBE-\S+ .* has no endpoints" .*-p tcp .*) -j REJECT$',
            r"\1 -m statistic --mode nth --every 2 --packet 0 -j DROP\n\g<0>",
        ),
    ),
    "instead-of-drop": rewriting(
        nft=replacing(r"^(add element ip6? kube-proxy no-endpoint-\S+ \{ .* :) drop \}$", r"\1 goto reject-chain }"),
        iptables=replacing(r'^(-A KUBE-\S+ .* has no local endpoints" .*) -j DROP$', r"\1 -j REJECT"),
    ),
}
