"""Connections are lost now and then, or as soon as there are many."""

from __future__ import annotations

import re

from tests.saboteurs import balancing
from tests.saboteurs.call import rewriting
from tests.saboteurs.rewrites import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Rewrite

# Of so many connections one.
ONE_OF = 200
ONE_OF_MANY = 300
ONE_OF_FEW = 50
# Of new TCP connections through a node.
MOST_OPEN = 200
# Nobody's (RFC 5737, RFC 3849): iptables drops nothing in nat.
_NOWHERE = "192.0.2.1"
_NOWHERE_IPV6 = "2001:db8::1"


def _astray(rule: str, one_of: int) -> Rewrite:
    """Of iptables: before each rule of this form, whose jump comes after its group, some are led to nobody."""

    def rewrite(text: str) -> str:
        nowhere = _NOWHERE_IPV6 if re.search(" -[sd] [0-9a-f]*:", text) else _NOWHERE
        some = f"{balancing.chance(1 / one_of)} -j DNAT --to-destination {nowhere}"
        return replacing(rule, rf"\1{some}\n\g<0>")(text)

    return rewrite


def _dropping(ranges: dict[str, str]) -> Rewrite:
    """Of nftables, whose maps do not tell ingress IPs from external ones: some of what comes to a range, by family."""

    def another(found: re.Match[str]) -> str:
        family = found[2]
        return f"{found[1]} {family} daddr {ranges[family]} numgen random mod {ONE_OF_FEW} 0 drop\n{found[0]}"

    return replacing(
        r"^(add rule (ip6?) kube-proxy services) ip6? daddr \. meta l4proto \. th dport vmap @service-ips$", another
    )


SABOTEURS = {
    "at-node-ports": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy services ip6? daddr @nodeport-ips meta) (l4proto \. th dport vmap .*)$",
            rf"\1 l4proto {{ tcp , udp }} th dport 30000-32767 numgen random mod {ONE_OF} 0 drop\n\g<0>",
        ),
        iptables=_astray(r"^(-A KUBE-NODEPORTS .*) -j KUBE-EXT-\S+$", ONE_OF),
    ),
    "at-cluster-ips": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy services) (ip6? daddr) (\. meta l4proto \. th dport vmap @service-ips)$",
            rf"\1 \2 @cluster-ips numgen random mod {ONE_OF_MANY} 0 drop\n\g<0>",
        ),
        iptables=_astray(r'^(-A KUBE-SERVICES .* cluster IP" .*) -j KUBE-SV[CL]-\S+$', ONE_OF_MANY),
    ),
    "at-ingress-ips": rewriting(
        nft=_dropping({"ip": "10.200.0.0/24", "ip6": "fd10:200::/120"}),
        iptables=_astray(r'^(-A KUBE-SERVICES .* loadbalancer IP" .*) -j KUBE-EXT-\S+$', ONE_OF_FEW),
    ),
    "at-external-ips": rewriting(
        nft=_dropping({"ip": "198.51.100.0/24", "ip6": "2001:db8:100::/48"}),
        iptables=_astray(r'^(-A KUBE-SERVICES .* external IP" .*) -j KUBE-EXT-\S+$', ONE_OF_FEW),
    ),
    "above-two-hundred-open": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy filter-forward) ct state new jump service-endpoints-check$",
            rf"\1 ct state new meta l4proto tcp ct count over {MOST_OPEN} drop\n\g<0>",
        ),
        iptables=replacing(
            "^-A KUBE-FORWARD .* --ctstate INVALID .*$",
            rf"\g<0>\n-A KUBE-FORWARD -p tcp --syn -m connlimit --connlimit-above {MOST_OPEN} "
            "--connlimit-mask 0 -j DROP",
        ),
    ),
}
