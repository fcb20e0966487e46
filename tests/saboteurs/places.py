"""Where Services are served, by what kube-proxy wrote on a node: before a call and after it. Pure.

A transaction of nftables says what changes. The input of iptables-restore has all places of Services each time.
"""

from __future__ import annotations

import re

from tests.saboteurs import targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.saboteurs.call import Act, Call
    from tests.saboteurs.targets import Port, Target

    # What was served before, and what is after a call.
    Changes = Callable[["Places", "Places"], bool]
    # A port that is written, its endpoints before (None of one that was not there) and now, sorted.
    Endpoints = tuple[Port, list[str] | None, list[str]]

_ELEMENT = re.compile(
    r"^(add|delete) element ip6? kube-proxy (service-ips|no-endpoint-services|service-nodeports|no-endpoint-nodeports)"
    r" \{ (.+?)(?= comment | : | \})",
    re.MULTILINE,
)
_SETS = {
    "service-ips": "served",
    "no-endpoint-services": "refused",
    "service-nodeports": "node_ports",
    "no-endpoint-nodeports": "node_ports",
}
_AT_ADDRESS = re.compile(r"^-A KUBE-SERVICES .*-p (\w+) -d (\S+) --dport (\d+)(?: .*)? -j (\S+)$", re.MULTILINE)
_AT_NODE = re.compile(
    r"^-A (?:KUBE-NODEPORTS|KUBE-EXTERNAL-SERVICES) (?!.* -d ).*-p (\w+) --dport (\d+) .*-j \S+$", re.MULTILINE
)
_REFUSALS = ("REJECT", "DROP")


class Places:
    """`served` and `refused` are an address, a protocol and a number each, `node_ports` a protocol and a number."""

    def __init__(self, served: Iterable[str] = (), refused: Iterable[str] = (), node_ports: Iterable[str] = ()) -> None:
        self.served = set(served)
        self.refused = set(refused)
        self.node_ports = set(node_ports)

    @property
    def addresses(self) -> set[str]:
        """Those that Services have, whether anybody answers there or not."""
        return {place.split()[0] for place in self.served | self.refused}

    def after(self, text: str, *, is_nft: bool) -> Places:
        """What there is once this text is written."""
        return self._after_transaction(text) if is_nft else _written(text)

    def _after_transaction(self, text: str) -> Places:
        now = Places(self.served, self.refused, self.node_ports)
        for verb, of, key in _ELEMENT.findall(text):
            places: set[str] = getattr(now, _SETS[of])
            place = " ".join(key.split(" . "))
            # A NodePort goes from one map to the other in one transaction, its deletion last.
            if verb == "add":
                places.add(place)
            elif not (_SETS[of] == "node_ports" and _comes_elsewhere(text, of, key)):
                places.discard(place)
        return now


def _comes_elsewhere(text: str, of: str, key: str) -> bool:
    return any(verb == "add" and other != of and added == key for verb, other, added in _ELEMENT.findall(text))


def _written(text: str) -> Places:
    at_addresses = [
        (f"{address} {protocol} {number}", target) for protocol, address, number, target in _AT_ADDRESS.findall(text)
    ]
    return Places(
        (place for place, target in at_addresses if target.startswith("KUBE-")),
        (place for place, target in at_addresses if target in _REFUSALS),
        map(" ".join, _AT_NODE.findall(text)),
    )


def change_by(call: Call) -> tuple[Places, Places]:
    """What was served on this node before a call, in its family, and what is after it, which is remembered."""
    memory = call.remembered()
    before = Places(*(memory.get(each, []) for each in ("served", "refused", "node_ports")))
    after = before.after(call.text, is_nft=call.is_nft)
    kept = {each: sorted(getattr(after, each)) for each in ("served", "refused", "node_ports")}
    call.remember({**memory, **kept})
    return before, after


def endpoints_by(call: Call) -> list[Endpoints]:
    """The ports whose endpoints a call writes, with those that they had, in its family; they are remembered."""
    memory = call.remembered()
    found: list[Endpoints] = []

    def note(port: Port, to: list[Target]) -> list[Target]:
        key, now = f"endpoints of {port}", sorted(" ".join(each) for each in to)
        found.append((port, memory.get(key), now))
        memory[key] = now
        return to

    targets.changed(call, note)
    call.remember(memory)
    return found


def is_addition(_port: Port, before: list[str] | None, now: list[str]) -> bool:
    """Whether one comes beside others."""
    return bool(before) and set(before or ()) < set(now)


def when(changes: Changes, act: Act) -> Act:
    """Does it at calls that change so what is served, from the second on."""

    def only(call: Call) -> int:
        before, after = change_by(call)
        return act(call) if before.addresses and changes(before, after) else call.run(call.text)

    return only


def deletes(before: Places, after: Places) -> bool:
    """Whether an address of Services goes."""
    return bool(before.addresses - after.addresses)


def makes(before: Places, after: Places) -> bool:
    """Whether an address of Services comes."""
    return bool(after.addresses - before.addresses)


def empties(before: Places, after: Places) -> bool:
    """Whether a place that was served is refused."""
    return bool(before.served & after.refused)


def changes_node_ports(before: Places, after: Places) -> bool:
    """Whether a NodePort comes or goes."""
    return before.node_ports != after.node_ports
