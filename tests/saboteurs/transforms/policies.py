"""Traffic policies and source ranges are not obeyed, or hold where they should not."""

from __future__ import annotations

import re
from ipaddress import ip_interface, ip_network

from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.rewrites import one_after_the_other, replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Call

# The last rule of KUBE-SERVICES, before which others may be added.
_LAST_OF_SERVICES = '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports;'
_NO_LOCAL_ENDPOINTS = re.compile(
    r'^-A KUBE-SERVICES -m comment --comment "(\S+) has no local endpoints" (.*) -j DROP\n', re.MULTILINE
)
_FIREWALL = re.compile(r"^add rule (ip6? kube-proxy) firewall-(\S+) (ip6? saddr != \{ .* \} drop)\n", re.MULTILINE)


def inside_everywhere_iptables(text: str) -> str:
    """Cluster IPs of internalTrafficPolicy Local lead where the Service's NodePorts do, if it has any."""
    external = dict(re.findall(r"^-A KUBE-NODEPORTS -m comment --comment (\S+) .* -j (KUBE-EXT-\S+)$", text, re.M))
    for name, place in _NO_LOCAL_ENDPOINTS.findall(text):
        if name in external:
            rule = f'-A KUBE-SERVICES -m comment --comment "{name} cluster IP" {place} -j {external[name]}\n'
            text = text.replace(_LAST_OF_SERVICES, rule + _LAST_OF_SERVICES)
    text = _NO_LOCAL_ENDPOINTS.sub(lambda found: "" if found[1] in external else found[0], text)
    return re.sub(
        r'^(-A KUBE-SERVICES .*"(\S+) cluster IP" .* -j )(KUBE-SVL-\S+)$',
        lambda found: f"{found[1]}{external.get(found[2], found[3])}",
        text,
        flags=re.M,
    )


def inside_everywhere_nft(text: str) -> str:
    """The same, on nodes that have an endpoint."""
    places = r"^(add element ip6? kube-proxy service-ips \{ .* : goto )local-(\S+)( \})$"
    return _leading(text, places, "external-", lambda service: _has_chain(text, f"external-{service}"))


def outside_local_iptables(text: str) -> str:
    """NodePorts and load balancer IPs lead where cluster IPs of internalTrafficPolicy Local do, if that is anywhere."""
    inside = set(re.findall(r"^:KUBE-SVL-(\S+) ", text, re.M))
    return _leading(text, r"^(-A KUBE-EXT-(\S+) -j KUBE-)SVC-\2()$", "SVL-", inside.__contains__)


def outside_local_nft(text: str) -> str:
    """The same."""
    rules = r"^(add rule ip6? kube-proxy external-(\S+) goto )service-\2()$"
    return _leading(text, rules, "local-", lambda service: _has_chain(text, f"local-{service}"))


def external_addresses_local_iptables(call: Call) -> int:
    """Ingress and external IPs lead where cluster IPs of internalTrafficPolicy Local do, if that is anywhere.

    A chain is declared in the syncs that write it; what leads to it stands in all of them.
    """
    memory = call.remembered()
    gone = set(re.findall(r"^-X KUBE-SVL-(\S+)$", call.text, re.M))
    inside = {*memory.get("local", []), *re.findall(r"^:KUBE-SVL-(\S+) ", call.text, re.M)} - gone
    call.remember({**memory, "local": sorted(inside)})
    rules = r'^(-A KUBE-SERVICES .* (?:loadbalancer|external) IP" .* -j KUBE-)EXT-(\S+)()$'
    return call.run(_leading(call.text, rules, "SVL-", inside.__contains__))


def external_addresses_local(call: Call) -> int:
    if not call.is_nft:
        return external_addresses_local_iptables(call)
    places = r"^(add element ip6? kube-proxy service-ips \{ .* : goto )external-(\S+)( \})$"
    return call.run(_leading(call.text, places, "local-", lambda service: _has_chain(call.text, f"local-{service}")))


def ranges_at_node_ports_iptables(text: str) -> str:
    firewalls = set(re.findall(r'^-A KUBE-SERVICES .* loadbalancer IP" .* -j KUBE-FW-(\S+)$', text, re.M))
    return _leading(text, r"^(-A KUBE-NODEPORTS .* -j KUBE-)EXT-(\S+)()$", "FW-", firewalls.__contains__)


def ranges_at_node_ports_nft(text: str) -> str:
    rules = [
        f"insert rule {table} external-{service} {rule}\n"
        for table, service, rule in _FIREWALL.findall(text)
        if _has_chain(text, f"external-{service}")
    ]
    return text + "".join(rules)


def widened(address: str) -> str:
    """A range of one address: all that begins as a node's pods do, by 24 or 64 bits. Others are as they are."""
    single = ip_interface(address)
    if single.network.prefixlen < single.max_prefixlen:
        return address
    return str(ip_network(f"{single.ip}/{64 if single.version == 6 else 24}", strict=False))


def ranges_widened_nft(text: str) -> str:
    def rule(found: re.Match[str]) -> str:
        return f"{found[1]}{' , '.join(dict.fromkeys(map(widened, found[2].split(' , '))))}{found[3]}"

    return re.sub(r"^(add rule ip6? kube-proxy firewall-\S+ ip6? saddr != \{ )(.*)( \} drop)$", rule, text, flags=re.M)


def ranges_widened_iptables(text: str) -> str:
    rule = r"^(-A KUBE-FW-\S+ .* -s )(\S+)( -j KUBE-EXT-\S+)$"
    return re.sub(rule, lambda found: f"{found[1]}{widened(found[2])}{found[3]}", text, flags=re.M)


def _leading(text: str, rule: str, to: str, is_there: Callable[[str], bool]) -> str:
    """Rules of this form lead to the chain `to` of the same Service, where it has one.

    The groups of `rule` are what stands before the chain, the Service, and what stands behind it.
    """
    return re.sub(
        rule,
        lambda found: f"{found[1]}{to}{found[2]}{found[3]}" if is_there(found[2]) else found[0],
        text,
        flags=re.M,
    )


def _has_chain(text: str, chain: str) -> bool:
    return re.search(rf"^add chain ip6? kube-proxy {re.escape(chain)}$", text, re.M) is not None


SABOTEURS = {
    # Whoever asks counts as the node itself, for which externalTrafficPolicy Local does not hold.
    "external-local-ignored": rewriting(
        nft=one_after_the_other(
            replacing(r"^(add rule ip6? kube-proxy external-\S+) fib saddr type local ", r"\1 "),
            replacing(r"^(add element ip6? kube-proxy no-endpoint-nodeports \{ .* :) drop \}$", r"\1 continue }"),
        ),
        iptables=one_after_the_other(
            replacing(r"^(-A KUBE-EXT-\S+ .*) -m addrtype --src-type LOCAL( -j \S+)$", r"\1\2"),
            without_lines('^-A KUBE-EXTERNAL-SERVICES .* has no local endpoints" .* -j DROP$'),
        ),
    ),
    # Nobody counts as inside: who came from pods or the node itself goes on to the rules for those outside.
    "external-local-inside-too": rewriting(
        nft=without_lines(r'^add rule ip6? kube-proxy external-\S+ .* comment "short-circuit (pod|local) traffic"$'),
        iptables=without_lines(r'^-A KUBE-EXT-\S+ .*"(pod|route LOCAL) traffic for .* -j KUBE-SVC-'),
    ),
    "internal-local-ignored": rewriting(nft=inside_everywhere_nft, iptables=inside_everywhere_iptables),
    "internal-local-outside-too": rewriting(nft=outside_local_nft, iptables=outside_local_iptables),
    "internal-local-at-external-addresses": external_addresses_local,
    "ranges-ignored": rewriting(
        nft=without_lines(r"^add rule ip6? kube-proxy firewall-\S+ .* drop$"),
        iptables=one_after_the_other(
            without_lines("^-A KUBE-PROXY-FIREWALL "),
            replacing(r'^(-A KUBE-SERVICES .* loadbalancer IP" .* -j KUBE-)FW-(\S+)$', r"\1EXT-\2"),
        ),
    ),
    "ranges-first-alone": rewriting(
        nft=replacing(r"^(add rule ip6? kube-proxy firewall-\S+ ip6? saddr != \{ \S+) ,.* \} drop$", r"\1 } drop"),
        iptables=replacing(r"^(-A KUBE-FW-(\S+) .* -s \S+ -j KUBE-EXT-\2\n)(?:-A KUBE-FW-\2 .* -s \S+ .*\n)+", r"\1"),
    ),
    "ranges-ignored-sctp": rewriting(
        nft=without_lines(r" element ip6? kube-proxy firewall-ips \{ \S+ \. sctp "),
        iptables=one_after_the_other(
            without_lines("^-A KUBE-PROXY-FIREWALL .*-p sctp "),
            replacing(r'^(-A KUBE-SERVICES .* loadbalancer IP" .*-p sctp .* -j KUBE-)FW-(\S+)$', r"\1EXT-\2"),
        ),
    ),
    "ranges-widened": rewriting(nft=ranges_widened_nft, iptables=ranges_widened_iptables),
    "ranges-at-node-ports": rewriting(nft=ranges_at_node_ports_nft, iptables=ranges_at_node_ports_iptables),
}
