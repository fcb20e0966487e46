"""Where the chain of a Service's port sends connections, read and written with other endpoints. Pure.

nftables: `add rule ip kube-proxy service-HASH-NAMESPACE/NAME/tcp/PORT meta l4proto tcp dnat to A:80`, or of several
`dnat ip addr . port to numgen random mod 2 map { 0 : A . 80 , 1 : B . 80 }`; `local-…` of policy Local. Chains of
Services with affinity, which go to chains of endpoints, are left as they are.
iptables: rules of KUBE-SVC-… (KUBE-SVL-… of policy Local) that jump to KUBE-SEP-…, with the endpoint in their comment.
"""

from __future__ import annotations

import re

from tests.saboteurs import balancing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Act, Call

    # Address and port.
    Target = tuple[str, str]
    # A port and its endpoints, in their order -> those it shall have; of one that is there twice connections are twice
    # as many. Without any, connections are not forwarded.
    Change = Callable[["Port", list[Target]], list[Target]]

_NFT = re.compile(
    r"^(add rule (ip6?) kube-proxy (service|local)-\w+-(\S+)/(\w+)/(\S*) meta l4proto \w+ dnat) (.*)\n", re.MULTILINE
)
_ELEMENT = re.compile(r" : (\S+) \. (\d+)")
_JUMP = re.compile(
    r"-A (KUBE-SV([CL])-\w+) -m comment --comment \"(\S+?)(?::(\S+))? -> (\S+)\".* -j (KUBE-SEP-\w+)$", re.MULTILINE
)
_DNAT = re.compile(r"^-A (KUBE-SEP-\w+) .*-p (\w+) -j DNAT ", re.MULTILINE)


class Port:
    """A port of a Service: `service` is namespace/name. `is_local`: it is about endpoints of the node alone."""

    def __init__(self, service: str, name: str, protocol: str, *, is_local: bool) -> None:
        self.service = service
        self.name = name
        self.protocol = protocol
        self.is_local = is_local

    def __str__(self) -> str:
        return f"{self.service}:{self.name}/{self.protocol}{' local' if self.is_local else ''}"


def changing(change: Change) -> Act:
    """The saboteur that writes other endpoints."""
    return lambda call: call.run(changed(call, change))


def changed(call: Call, change: Change) -> str:
    """What is written by a call, with other endpoints."""
    return nft(call.text, change) if call.is_nft else iptables(call.text, change)


def nft(text: str, change: Change) -> str:
    """A transaction with other endpoints."""
    return _NFT.sub(lambda found: _nft_rule(found, change), text)


def _nft_rule(found: re.Match[str], change: Change) -> str:
    before, family, kind, service, protocol, name, where = found.groups()
    targets = _ELEMENT.findall(where) or [parsed(where.removeprefix("to "))]
    wanted = change(Port(service, name, protocol, is_local=kind == "local"), targets)
    if wanted == targets:
        return found[0]
    if not wanted:
        return ""
    drawn = balancing.numgen("map", [" . ".join(each) for each in wanted])
    return f"{before} {family} addr . port to {drawn}\n"


def iptables(text: str, change: Change) -> str:
    """The input of iptables-restore with other endpoints: new ones get a DNAT in the chain of the Service."""
    protocols = dict(_DNAT.findall(text))
    lines = text.splitlines(keepends=True)
    for rules in balancing.choices(lines, _JUMP):
        _, local, service, name, _, endpoint = rules[0][1].groups()
        port = Port(service, name or "", protocols.get(endpoint, "tcp"), is_local=local == "L")
        _chain(lines, rules, port, change)
    return "".join(lines)


def _chain(lines: list[str], rules: list[tuple[int, re.Match[str]]], port: Port, change: Change) -> None:
    jumps = {parsed(found[5]): f"-j {found[6]}" for _, found in rules}
    wanted = change(port, list(jumps))
    if wanted == list(jumps):
        return
    written = []
    for number, (address, to) in enumerate(wanted):
        left = len(wanted) - number
        chance = balancing.chance(1 / left) if left > 1 else ""
        place = f"[{address}]:{to}" if ":" in address else f"{address}:{to}"
        jump = jumps.get((address, to), f"-p {port.protocol} -j DNAT --to-destination {place}")
        written.append(f"-A {rules[0][1][1]}{chance} {jump}\n")
    for number, _ in rules:
        lines[number] = ""
    lines[rules[0][0]] = "".join(written)


def parsed(endpoint: str) -> Target:
    """`10.0.0.1:80` or `[fd00::1]:80`."""
    address, _, port = endpoint.rpartition(":")
    return address.strip("[]"), port
