"""Ports of Services and of their endpoints are mixed up or lost."""

from __future__ import annotations

import re

from tests.saboteurs import targets
from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.rewrites import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Act, Call, Rewrite
    from tests.saboteurs.targets import Port, Target


def tcp_plus_one(port: Port, found: list[Target]) -> list[Target]:
    return [(address, str(int(number) + 1)) for address, number in found] if port.protocol == "tcp" else found


class OfTcp:
    """Endpoints get the UDP traffic of a Service at the port of its TCP traffic."""

    def __init__(self) -> None:
        self.tcp: dict[tuple[str, str], str] = {}

    def learn(self, port: Port, found: list[Target]) -> list[Target]:
        self.tcp.update({(port.service, address): number for address, number in found if port.protocol == "tcp"})
        return found

    def use(self, port: Port, found: list[Target]) -> list[Target]:
        if port.protocol != "udp":
            return found
        return [(address, self.tcp.get((port.service, address), number)) for address, number in found]


class LastOfSeveral:
    """Of several TCP ports of a Service the last by name is not forwarded."""

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = {}

    def learn(self, port: Port, found: list[Target]) -> list[Target]:
        if port.protocol == "tcp":
            self.names.setdefault(port.service, set()).add(port.name)
        return found

    def use(self, port: Port, found: list[Target]) -> list[Target]:
        names = self.names.get(port.service, set())
        is_lost = port.protocol == "tcp" and len(names) > 1 and port.name == max(names)
        return [] if is_lost else found


def _learning(new: Callable[[], OfTcp | LastOfSeveral]) -> Act:
    """Read all of what is written first, then change it."""

    def act(call: Call) -> int:
        all_ports = new()
        targets.changed(call, all_ports.learn)
        return call.run(targets.changed(call, all_ports.use))

    return act


# Ports of Services are served up to this one.
HIGHEST = 32_767
ELEMENTS = r"^\w+ element ip6? kube-proxy service-ips \{ \S+ \. \w+ \. (\d+) .*"
RULES = r"^-A KUBE-SERVICES .* --dport (\d+) .*-j KUBE-(?:SVC|SVL|EXT|FW)-.*"
# An address outside that is served, of nftables and iptables: the address, its protocol, and where it leads.
_EXTERNAL = re.compile(
    r"^(add|delete) element (ip6?) kube-proxy service-ips \{ (\S+) \. (\w+) \. (\d+)(?: : (goto external-\S+))? \}$",
    re.MULTILINE,
)
_INGRESS = re.compile(r'^-A KUBE-SERVICES .* loadbalancer IP" .*-p (\w+) -d (\S+) --dport \d+ -j (\S+)$', re.MULTILINE)
_LAST_OF_SERVICES = '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports;'
_ANY_PORT = """\
add map {0} kube-proxy any-port {{ type {1} . inet_proto : verdict ; }}
add rule {0} kube-proxy services {0} daddr . meta l4proto vmap @any-port
"""


def every_port_iptables(text: str) -> str:
    """Of iptables: whatever comes to an ingress IP, at the end of the rules for Services."""
    rules = [f"-A KUBE-SERVICES -p {protocol} -d {at} -j {chain}\n" for protocol, at, chain in _INGRESS.findall(text)]
    return text.replace(_LAST_OF_SERVICES, f"{''.join(rules)}{_LAST_OF_SERVICES}")


def every_port_nft(memory: dict[str, list[str]], text: str) -> str:
    """Of nftables: a map of its own; `memory` has the port by which each address came into it."""
    come, gone = "", ""
    for action, family, address, protocol, number, verdict in _EXTERNAL.findall(text):
        at = f"{address} . {protocol}"
        if action == "add" and verdict and at not in memory:
            memory[at] = [number]
            come += f"add element {family} kube-proxy any-port {{ {at} : {verdict} }}\n"
        elif action == "delete" and memory.get(at) == [number]:
            del memory[at]
            gone += f"delete element {family} kube-proxy any-port {{ {at} }}\n"
    base = re.search(r"^flush chain (ip6?) kube-proxy services$", text, re.MULTILINE)
    own = _ANY_PORT.format(base[1], {"ip": "ipv4_addr", "ip6": "ipv6_addr"}[base[1]]) if base else ""
    # Elements go before the chains that they lead to.
    return gone + text + own + come


def every_port(call: Call) -> int:
    if not call.is_nft:
        return call.run(every_port_iptables(call.text))
    memory = call.remembered()
    code = call.run(every_port_nft(memory, call.text))
    if code == 0:
        call.remember(memory)
    return code


def inside_alone(pods: str, text: str) -> str:
    """Of iptables: external IPs lead on for the node itself and for who is of the range of pods."""
    rule = r'^(-A KUBE-SERVICES .* external IP" .*)( -j KUBE-EXT-\S+)$'
    return re.sub(rule, rf"\1 -m addrtype --src-type LOCAL\2\n\1 -s {pods}\2", text, flags=re.MULTILINE)


def external_ips_inside_alone(call: Call) -> int:
    """The range of pods stands in rules that not every sync writes."""
    memory = call.remembered()
    if found := re.search(r" ! -s (\S+) -j KUBE-MARK-MASQ$", call.text, re.MULTILINE):
        memory["pods"] = [found[1]]
        call.remember(memory)
    return call.run(inside_alone(memory["pods"][0], call.text) if "pods" in memory else call.text)


def without_high(rule: str) -> Rewrite:
    """Drops each line that is like this, and whose first group is a number above HIGHEST."""
    return replacing(rf"{rule}\n", lambda found: "" if int(found[1]) > HIGHEST else found[0])


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
    "target-port-plus-one": targets.changing(tcp_plus_one),
    "udp-to-tcp-port": _learning(OfTcp),
    "last-of-several-lost": _learning(LastOfSeveral),
    "sctp-dropped": rewriting(
        nft=without_lines(r" element ip6? kube-proxy service-(ips|nodeports) \{ (\S+ \. )?sctp "),
        iptables=without_lines("^-A KUBE-(SERVICES|NODEPORTS) .*-p sctp .* -j KUBE-(SVC|SVL|EXT|FW)-"),
    ),
    "above-32767-lost": rewriting(nft=without_high(ELEMENTS), iptables=without_high(RULES)),
    "node-ports-anywhere": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy services) ip6? daddr @nodeport-ips( meta .* @service-nodeports)$", r"\1\2"
        ),
        iptables=replacing(r"^(-A KUBE-SERVICES .*) -m addrtype --dst-type LOCAL( .*-j KUBE-NODEPORTS)$", r"\1\2"),
    ),
    "all-of-ingress-ips": every_port,
    "external-ips-inside-alone": external_ips_inside_alone,
}
