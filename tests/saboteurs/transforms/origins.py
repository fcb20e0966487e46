"""Some clients are lost, or seen as somebody else, by a bit of their address."""

from __future__ import annotations

import re

from tests.saboteurs.call import rewriting
from tests.saboteurs.rewrites import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Rewrite

# Of the addresses of a sandbox, in both families: a mask, and what is left by it of those that are hurt. The first pods
# of a node have not the one bit, nor have the nodes and the host outside the other (gauntlet/providers/sandbox).
_SOME_PODS = {"ip": ("255.255.0.128", "10.244.0.128"), "ip6": ("ffff:ffff:ffff::80", "fd10:244::80")}
_SOME_OUTSIDE = {"ip": ("255.255.255.32", "10.77.0.32"), "ip6": ("ffff:ffff:ffff:ffff::20", "fd10:77::20")}
# Nobody's (RFC 5737, RFC 3849): iptables drops nothing in nat.
_NOWHERE = {"ip": "192.0.2.1", "ip6": "2001:db8::1"}


def _nft(rule: str, before: str, some: dict[str, tuple[str, str]]) -> Rewrite:
    """Before each rule of this form another one, in whose words `{some}` is the match; groups as in re.sub."""

    def another(found: re.Match[str]) -> str:
        family = found[2]
        mask, left = some[family]
        return found.expand(before.format(some=f"{family} saddr and {mask} == {left}")) + f"\n{found[0]}"

    return replacing(rule, another)


def _iptables(rule: str, before: str, some: dict[str, tuple[str, str]]) -> Rewrite:
    def rewrite(text: str) -> str:
        family = "ip6" if re.search(" -[sd] [0-9a-f]*:", text) else "ip"
        mask, left = some[family]
        return replacing(rule, before.format(some=f"-s {left}/{mask}", nowhere=_NOWHERE[family]) + r"\n\g<0>")(text)

    return rewrite


_TO_CLUSTER_IPS = r'^(-A KUBE-SERVICES .* cluster IP" .*) -j KUBE-SV[CL]-\S+$'
_SERVICES = r"^(add rule (ip6?) kube-proxy services) (ip6? daddr) \. meta l4proto \. th dport vmap @service-ips$"

SABOTEURS = {
    "pods-lost": rewriting(
        nft=_nft(_SERVICES, r"\1 {some} \3 @cluster-ips drop", _SOME_PODS),
        iptables=_iptables(_TO_CLUSTER_IPS, r"\1 {some} -j DNAT --to-destination {nowhere}", _SOME_PODS),
    ),
    "pods-masqueraded": rewriting(
        nft=_nft(
            r"^(add rule (ip6?) kube-proxy services ip6? daddr @cluster-ips) .*(mark set mark or \S+)( comment .*)$",
            r"\1 {some} \3",
            _SOME_PODS,
        ),
        iptables=_iptables(
            r'^(-A KUBE-SV[CL]-\S+ .* cluster IP" .*) ! -s \S+ -j KUBE-MARK-MASQ$',
            r"\1 {some} -j KUBE-MARK-MASQ",
            _SOME_PODS,
        ),
    ),
    "outside-lost": rewriting(
        nft=_nft(
            r"^(add rule (ip6?) kube-proxy services ip6? daddr @nodeport-ips) meta l4proto \. th dport vmap .*$",
            r"\1 {some} meta l4proto {{ tcp , udp }} th dport 30000-32767 drop",
            _SOME_OUTSIDE,
        ),
        iptables=_iptables(
            r"^(-A KUBE-NODEPORTS .*) -j KUBE-EXT-\S+$",
            r"\1 {some} -j DNAT --to-destination {nowhere}",
            _SOME_OUTSIDE,
        ),
    ),
    "outside-masqueraded": rewriting(
        nft=_nft(
            r"^(add rule (ip6?) kube-proxy external-\S+) goto local-\S+$",
            r"\1 {some} mark set mark or 0x00004000",
            _SOME_OUTSIDE,
        ),
        iptables=_iptables(r"^(-A KUBE-EXT-\S+) -j KUBE-SVL-\S+$", r"\1 {some} -j KUBE-MARK-MASQ", _SOME_OUTSIDE),
    ),
}
