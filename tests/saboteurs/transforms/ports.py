"""Ports of Services and of their endpoints are mixed up or lost."""

from __future__ import annotations

from tests.saboteurs import targets
from tests.saboteurs.call import rewriting, without_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Act, Call
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
}
