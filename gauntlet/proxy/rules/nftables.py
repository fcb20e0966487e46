"""Reads `nft -j list table ip kube-proxy`, the whole state of kube-proxy's nftables mode for IPv4, and that of ip6.

The forms are those of kube-proxy's own writer, pkg/proxy/nftables/proxier.go of Kubernetes 1.37: verdict maps
`service-ips`, `service-nodeports`, `no-endpoint-services` and `no-endpoint-nodeports` dispatch to one chain
for each Service; that chain picks an endpoint by `numgen random mod N`, in a map of addresses or, where it
must remember clients (ClientIP affinity), in a verdict map of endpoint chains. `firewall-ips` leads to chains that drop
whoever is in none of a Service's source ranges.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.history import Protocol
from gauntlet.proxy.rules.forwarding import Action, Forwarding, Route, RuleSize, Source
from gauntlet.proxy.rules.walk import DEEPEST, Walk

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
Expression: TypeAlias = Mapping[str, "Json"]
Pair: TypeAlias = tuple["Json", "Json"]
# Address (None: a NodePort), protocol and port.
Place: TypeAlias = tuple[str | None, Protocol, int]

# Base chains of packets that come in, of those of the node itself, and of those that go out: where each leads.
_HOOKS = {"nat-prerouting": "services", "nat-output": "services", "nat-postrouting": "masquerading"}
_REJECT_CHAIN = "reject-chain"
_PROTOCOLS = frozenset(Protocol)
# What a Service has of its own.
_OF_SERVICES = ("service-", "local-", "external-", "endpoint-", "firewall-")
# Of the table itself, whatever Services there are.
_CHECKS = frozenset({"service-endpoints-check", "nodeport-endpoints-check", "firewall-check"})


@dataclass(frozen=True)
class Table:
    """Rules by chain, elements by map, time-outs of sets, in seconds, and which base chains hang on which hook."""

    rules: Mapping[str, tuple[tuple[Expression, ...], ...]] = field(default_factory=dict)
    maps: Mapping[str, tuple[Pair, ...]] = field(default_factory=dict)
    timeouts_s: Mapping[str, int] = field(default_factory=dict)
    hooks: frozenset[str] = frozenset()
    size: RuleSize = RuleSize(0, 0)  # noqa: RUF009


def parse(text: str) -> Table:
    """The table in one JSON listing; an empty text is a table without anything.

    Raises GauntletError if the text is no listing of nft.
    """
    rules: dict[str, list[tuple[Expression, ...]]] = {}
    maps: dict[str, tuple[Pair, ...]] = {}
    timeouts_s: dict[str, int] = {}
    hooks: set[str] = set()
    counts = {"rule": 0, "chain": 0, "elem": 0}
    for kind, item in _items(text):
        name = str(item.get("name", ""))
        elements = _sequence(item.get("elem"))
        counts["elem"] += len(elements)
        if kind in counts:
            counts[kind] += 1
        if kind == "chain":
            rules.setdefault(name, [])
            if "hook" in item:
                hooks.add(name)
        elif kind == "rule":
            rules.setdefault(str(item.get("chain")), []).append(tuple(map(_mapping, _sequence(item.get("expr")))))
        elif kind == "map":
            maps[name] = tuple(_pair(element) for element in elements)
        elif kind == "set":
            timeouts_s[name] = _number(item.get("timeout"))
    size = RuleSize(counts["rule"], counts["chain"], counts["elem"])
    return Table({chain: tuple(found) for chain, found in rules.items()}, maps, timeouts_s, frozenset(hooks), size)


def forwarding(text: str) -> Forwarding:
    """The model of one node's table `ip kube-proxy`; without routes where the text is empty (no such table)."""
    table = parse(text)
    hooked = all(_leads(table, hook, chain) for hook, chain in _HOOKS.items())
    routes = (
        *_dispatched(table, "service-ips"),
        *_dispatched(table, "service-nodeports"),
        *_refused(table, "no-endpoint-services"),
        *_refused(table, "no-endpoint-nodeports"),
    )
    return Forwarding(ProxyMode.NFTABLES, hooked, routes, table.size, orphans=_orphans(table))


def _leads(table: Table, hook: str, chain: str) -> bool:
    return hook in table.hooks and any(_target(each) == chain for rule in table.rules[hook] for each in rule)


def _items(text: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    if not text.strip():
        return
    try:
        listing = json.loads(text)["nftables"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise GauntletError(
            f"nft gave something that is no JSON listing ({error}): {text[:80]!r}",
            "run `nft -j list table ip kube-proxy` on the node and see what it says",
        ) from None
    for entry in listing:
        for kind, item in entry.items():
            yield kind, _mapping(item)


def _dispatched(table: Table, name: str) -> Iterator[Route]:
    let_in = _let_in(table)
    for key, verdict in table.maps.get(name, ()):
        place = _place(key)
        target = _target(_mapping(verdict))
        if place is None or not target:
            continue
        address, protocol, port = place
        walk = _Walk(table)
        yield Route(
            address,
            port,
            protocol,
            Action.FORWARD,
            service=_service(target),
            inside=walk.shares(target, Source.INSIDE),
            outside=walk.shares(target, Source.OUTSIDE),
            affinity=walk.affinity,
            affinity_timeouts_s=tuple(sorted(walk.affinity_timeouts_s)),
            sources=let_in.get(place),
            chains=tuple(walk.seen),
        )


def _let_in(table: Table) -> dict[Place, tuple[str, ...]]:
    """The source ranges of each place that has some: of chains that drop whoever is in none of them."""
    found = {}
    for key, verdict in table.maps.get("firewall-ips", ()):
        place = _place(key)
        for rule in table.rules.get(_target(_mapping(verdict)), ()):
            match = _mapping(rule[0].get("match")) if rule else {}
            if place is not None and "drop" in rule[-1] and match.get("op") == "!=":
                found[place] = tuple(_ranges(match.get("right")))
    return found


def _ranges(right: Json) -> Iterator[str]:
    """`10.244.1.0/24`, `10.244.1.5`, or `10.0.0.0-10.3.255.255` of what a saddr is compared with."""
    several = _mapping(right).get("set")
    if several is not None:
        for each in _sequence(several):
            yield from _ranges(each)
        return
    prefix, bounds = _mapping(_mapping(right).get("prefix")), _sequence(_mapping(right).get("range"))
    yield f"{prefix['addr']}/{prefix['len']}" if prefix else "-".join(map(str, bounds)) if bounds else str(right)


def _orphans(table: Table) -> tuple[str, ...]:
    """Chains of Services that nothing leads to. Empty ones do not count: kube-proxy deletes them in its next sync."""
    led_to = {_target(_mapping(verdict)) for elements in table.maps.values() for _, verdict in elements}
    for rules in table.rules.values():
        for rule in rules:
            last = rule[-1] if rule else {}
            led_to.add(_target(last))
            led_to.update(_target(_mapping(verdict)) for verdict, _ in _choices(_mapping(last.get("vmap"))))
    of_services = (name for name, rules in table.rules.items() if rules and name.startswith(_OF_SERVICES))
    return tuple(f"chain {name}" for name in of_services if name not in led_to and name not in _CHECKS)


def _refused(table: Table, name: str) -> Iterator[Route]:
    """Services without endpoints. A jump to a chain that rejects nothing refuses nobody: no route."""
    rejecting = any("reject" in expression for rule in table.rules.get(_REJECT_CHAIN, ()) for expression in rule)
    for key, verdict in table.maps.get(name, ()):
        place = _place(key)
        expression = _mapping(verdict)
        drops = "drop" in expression
        if place is None or not (drops or (rejecting and _target(expression) == _REJECT_CHAIN)):
            continue
        address, protocol, port = place
        yield Route(
            address,
            port,
            protocol,
            Action.DROP if drops else Action.REJECT,
            service=str(_mapping(_mapping(key).get("elem")).get("comment", "")),
            chains=() if drops else (_REJECT_CHAIN,),
        )


class _Walk(Walk):
    """Through the chains, where the first rule that matches decides."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    def _follow(self, chain: str, source: Source, arriving: float, depth: int) -> float:
        if depth > DEEPEST:
            return arriving
        self.seen[chain] = None
        for rule in self._table.rules.get(chain, ()):
            if self._remembers(rule) or not _matches(rule, source):
                continue
            last = rule[-1] if rule else {}
            if "dnat" in last:
                for (address, port), probability in _addresses(_mapping(last["dnat"])):
                    self._reach(address, port, arriving * probability)
                return 0.0
            if "vmap" in last:
                return sum(
                    self._follow(_target(_mapping(verdict)), source, arriving * probability, depth + 1)
                    for verdict, probability in _choices(_mapping(last["vmap"]))
                )
            if "goto" in last:
                return self._follow(_target(last), source, arriving, depth + 1)
        return arriving

    def _remembers(self, rule: tuple[Expression, ...]) -> bool:
        """Whether the rule is for clients that ClientIP affinity has seen before."""
        compared = (str(_mapping(expression.get("match")).get("right", "")) for expression in rule)
        sets = [each[1:] for each in compared if each.startswith("@affinity-")]
        self.affinity_timeouts_s.update(self._table.timeouts_s.get(each, 0) for each in sets)
        self.affinity |= bool(sets)
        return bool(sets)


def _matches(rule: tuple[Expression, ...], source: Source) -> bool:
    for expression in rule:
        match = _mapping(expression.get("match"))
        left = _mapping(match.get("left"))
        by_address = _mapping(left.get("payload")).get("field") == "saddr"
        # By it detectLocalMode may know pods (pkg/proxy/util/localdetector.go).
        by_interface = _mapping(left.get("meta")).get("key") in ("iif", "iifname")
        tells = by_address or by_interface or "fib" in left
        if tells and (match.get("op") == "!=") is not (source is Source.OUTSIDE):
            return False
    return True


def _addresses(dnat: Mapping[str, Json]) -> Iterator[tuple[tuple[str, int], float]]:
    """Endpoints of a DNAT statement: one fixed address and port, or a map of them keyed by numgen."""
    picked = _mapping(dnat.get("addr")).get("map")
    if picked is None:
        yield (str(dnat.get("addr")), _number(dnat.get("port"))), 1.0
        return
    for value, probability in _choices(_mapping(picked)):
        address, port = _sequence(_mapping(value).get("concat"))
        yield (str(address), _number(port)), probability


def _choices(lookup: Mapping[str, Json]) -> Iterator[tuple[Json, float]]:
    """Values of an anonymous map keyed by `numgen random mod N`, each with its probability."""
    numgen = _mapping(_mapping(lookup.get("key")).get("numgen"))
    modulus = _number(numgen.get("mod", 1))
    for element in _sequence(_mapping(lookup.get("data")).get("set")):
        key, value = _pair(element)
        bounds = _sequence(_mapping(key).get("range"))
        width = _number(bounds[1]) - _number(bounds[0]) + 1 if bounds else 1
        yield value, width / modulus


def _place(key: Json) -> Place | None:
    """The place of a dispatch map's key; None for protocols without a port of ours."""
    inner = _mapping(_mapping(key).get("elem")).get("val", key)
    parts = [str(part) for part in _sequence(_mapping(inner).get("concat"))]
    if len(parts) not in (2, 3) or parts[-2] not in _PROTOCOLS:
        return None
    return (parts[0] if len(parts) == 3 else None), Protocol(parts[-2]), int(parts[-1])


def _target(expression: Mapping[str, Json]) -> str:
    return str(_mapping(expression.get("goto") or expression.get("jump")).get("target", ""))


def _service(chain: str) -> str:
    """`namespace/name:port` out of a chain `service-HASH-namespace/name/protocol/port`.

    kube-proxy cuts long chain names short; then the name is what is left of it.
    """
    parts = chain.split("-", 2)[-1].split("/")
    return f"{parts[0]}/{parts[1]}:{parts[3]}" if len(parts) == 4 else "/".join(parts)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Json) -> Sequence[Json]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _number(value: Json) -> int:
    return int(value) if isinstance(value, (int, float, str)) else 0


def _pair(element: Json) -> Pair:
    key, value = _sequence(element)
    return key, value
