"""Services without endpoints do not refuse as they should."""

from __future__ import annotations

from tests.saboteurs.call import rewriting, without_lines

# Of nftables: the rule of reject-chain, and the one for undefined ports of cluster IPs, which would catch the rest.
# The map elements stay, because kube-proxy deletes them by name later on.
SABOTEURS = {
    "swallowed": rewriting(
        nft=without_lines(r"^add rule ip6? kube-proxy (reject-chain|cluster-ips-check) .*reject"),
        iptables=without_lines(r"has no endpoints.* -j REJECT"),
    )
}
