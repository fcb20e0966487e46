"""Ports of Services and of their endpoints are mixed up or lost."""

from __future__ import annotations

from tests.saboteurs.call import rewriting, without_lines

# Of nftables: the elements of the map, and their deletion, which would fail.
SABOTEURS = {
    "node-ports-lost": rewriting(
        nft=without_lines(r" element ip6? kube-proxy service-nodeports \{ "),
        iptables=without_lines("^-A KUBE-NODEPORTS "),
    ),
    "udp-node-ports-lost": rewriting(
        nft=without_lines(r" element ip6? kube-proxy service-nodeports \{ udp "),
        iptables=without_lines("^-A KUBE-NODEPORTS .*-p udp "),
    ),
}
