"""Reads `iptables-save` and `ip6tables-save` output of kube-proxy's iptables mode.

The forms are those of kube-proxy's own writer, pkg/proxy/iptables/proxier.go of Kubernetes 1.37: chains
KUBE-SERVICES and KUBE-NODEPORTS dispatch to KUBE-EXT-, KUBE-SVC- and KUBE-SVL- chains, these pick a
KUBE-SEP- chain by `-m statistic --probability`, and that one does the DNAT. Services without endpoints are
rejected in the filter table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import EVERYTHING, Family, family_of, parted
from gauntlet.ground.history import Protocol
from gauntlet.proxy.rules.forwarding import Action, Forwarding, Route, RuleSize, Source
from gauntlet.proxy.rules.walk import DEEPEST, Walk

# The programs of each IP family have this at the beginning of their names.
TOOLS = {Family.IPV4: "iptables", Family.IPV6: "ip6tables"}
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_COMMENT_TAIL = re.compile(
    r" (cluster IP|external IP|loadbalancer IP|has no (?:local )?endpoints|external destinations)$"
)
# Where in nat packets come by that come in, and those of the node itself.
HOOKS = ("PREROUTING", "OUTPUT")
_DISPATCH = "KUBE-SERVICES"
_MASQUERADE = "KUBE-POSTROUTING"
_NODE_PORTS = "KUBE-NODEPORTS"
_FILTER_ACTIONS = {"REJECT": Action.REJECT, "DROP": Action.DROP}
_PROTOCOLS = frozenset(Protocol)
_FIREWALL = "KUBE-FW-"
# What a Service has of its own; KUBE-XLB- is what KUBE-EXT- and KUBE-SVL- were once.
_OF_SERVICES = ("KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-", "KUBE-SEP-", "KUBE-XLB-", _FIREWALL)


@dataclass(frozen=True)
class Rule:
    """One `-A` line: its target and those of its matches that decide where a Service packet goes."""

    target: str = ""
    source: str = ""  # "" any; otherwise a range, with "!" before it where negated
    interface: str = ""  # the packet came in by it, likewise; of several it is a beginning with "+" behind it
    destination: str = ""
    protocol: str = ""
    port: int = 0
    comment: str = ""
    probability: float = 1.0
    to: str = ""  # of a DNAT `address:port`, of a REDIRECT the port
    match_set: str = ""  # name of an ipset
    remembered: bool = False  # matches only clients that ClientIP affinity has seen before
    remembered_s: int = 0  # in so many seconds
    local_source: bool = False


@dataclass(frozen=True)
class Tables:
    """Chains by (table, chain)."""

    chains: Mapping[tuple[str, str], tuple[Rule, ...]] = field(default_factory=dict)

    def rules(self, table: str, chain: str) -> tuple[Rule, ...]:
        return self.chains.get((table, chain), ())


def parse(text: str) -> Tables:
    """The tables of one listing. Lines of other tools are kept; they never match a Service."""
    chains: dict[tuple[str, str], list[Rule]] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            chains.setdefault((table, line[1:].split(" ", 1)[0]), [])
        elif line.startswith("-A "):
            chain, rule = _rule(line)
            chains.setdefault((table, chain), []).append(rule)
    return Tables({key: tuple(rules) for key, rules in chains.items()})


def forwarding(text: str) -> Forwarding:
    """The model of one node's `iptables-save`."""
    tables = parse(text)
    routes = (*_dispatched(tables), *_refused(tables))
    return Forwarding(ProxyMode.IPTABLES, is_hooked(tables), routes, size(text), orphans=_orphans(tables))


def leads(tables: Tables, hook: str, chain: str) -> bool:
    """Whether packets that come by a hook of nat are led to a chain."""
    return any(rule.target == chain for rule in tables.rules("nat", hook))


def is_hooked(tables: Tables) -> bool:
    """Whether packets that come in, those of the node itself, and those that go out are led to kube-proxy's rules."""
    return all(leads(tables, hook, _DISPATCH) for hook in HOOKS) and leads(tables, "POSTROUTING", _MASQUERADE)


def size(text: str) -> RuleSize:
    """Counts of kube-proxy's rules and chains. One pass, no parse: fit for hundreds of thousands of lines."""
    lines = text.splitlines()
    rules = sum(1 for line in lines if line.startswith("-A ") and "KUBE-" in line)
    chains = sum(1 for line in lines if line.startswith(":KUBE-"))
    return RuleSize(rules, chains)


def _rule(line: str) -> tuple[str, Rule]:
    words = [quoted or plain for quoted, plain in _WORD.findall(line)]
    found: dict[str, str] = {}
    negated = ""
    flags = set()
    for position, word in enumerate(words):
        if word == "!":
            negated = "!"
            continue
        if word.startswith("-"):
            following = words[position + 1] if position + 1 < len(words) else ""
            found.setdefault(word, negated + following)
            flags.add(word)
        negated = ""
    return words[1], Rule(
        target=found.get("-j") or found.get("-g", ""),
        source=found.get("-s", ""),
        interface=found.get("-i", ""),
        destination=found.get("-d", ""),
        protocol=found.get("-p", ""),
        port=int(found.get("--dport", "0")) if found.get("--dport", "0").isdecimal() else 0,
        comment=found.get("--comment", ""),
        probability=float(found.get("--probability", "1")),
        to=found.get("--to-destination") or found.get("--to-ports", ""),
        match_set=found.get("--match-set", ""),
        remembered="--rcheck" in flags,
        remembered_s=int(found.get("--seconds", "0")),
        local_source=found.get("--src-type") == "LOCAL",
    )


def _dispatched(tables: Tables) -> list[Route]:
    """Routes of the nat table: by address in KUBE-SERVICES, by port alone in KUBE-NODEPORTS."""
    routes = []
    for chain in (_DISPATCH, _NODE_PORTS):
        for rule in tables.rules("nat", chain):
            if not rule.port or rule.protocol not in _PROTOCOLS or rule.destination.startswith("127."):
                continue
            walk = _Walk(tables)
            target, sources = _let_in(tables, rule)
            routes.append(
                Route(
                    address=None if chain == _NODE_PORTS else _address(rule.destination),
                    port=rule.port,
                    protocol=Protocol(rule.protocol),
                    action=Action.FORWARD,
                    service=_COMMENT_TAIL.sub("", rule.comment),
                    inside=walk.shares(target, Source.INSIDE),
                    outside=walk.shares(target, Source.OUTSIDE),
                    affinity=walk.affinity,
                    affinity_timeouts_s=tuple(sorted(walk.affinity_timeouts_s)),
                    sources=sources,
                    chains=tuple(walk.seen),
                )
            )
    return routes


def _let_in(tables: Tables, rule: Rule) -> tuple[str, tuple[str, ...] | None]:
    """Where a dispatching rule leads whom it lets in, and the ranges of these; None if it lets everybody in.

    With source ranges, KUBE-FW- has a rule for each. Who is in none gets no endpoint, and is dropped in filter.
    """
    if not rule.target.startswith(_FIREWALL):
        return rule.target, None
    passed = [each for each in tables.rules("nat", rule.target) if each.target.startswith(_OF_SERVICES)]
    everybody = EVERYTHING[family_of(rule.destination)]
    return passed[0].target if passed else "", tuple(each.source or everybody for each in passed)


def _orphans(tables: Tables) -> tuple[str, ...]:
    led_to = {rule.target for rules in tables.chains.values() for rule in rules}
    of_services = (key for key in tables.chains if key[1].startswith(_OF_SERVICES))
    return tuple(f"chain {chain} in {table}" for table, chain in of_services if chain not in led_to)


def _refused(tables: Tables) -> list[Route]:
    """Routes of the filter table: Services without (local) endpoints, rejected or dropped."""
    return [
        Route(
            address=_address(rule.destination) or None,
            port=rule.port,
            protocol=Protocol(rule.protocol),
            action=_FILTER_ACTIONS[rule.target],
            service=_COMMENT_TAIL.sub("", rule.comment),
            chains=(chain,),
        )
        for chain in (_DISPATCH, "KUBE-EXTERNAL-SERVICES")
        for rule in tables.rules("filter", chain)
        if rule.target in _FILTER_ACTIONS and rule.port and rule.protocol in _PROTOCOLS
    ]


def _address(destination: str) -> str:
    """The one address of a range; a range of several stays as it is."""
    return destination.removesuffix("/128" if family_of(destination) is Family.IPV6 else "/32")


class _Walk(Walk):
    """Through the nat chains, where every rule may let a packet go on to the next."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self._tables = tables

    def _follow(self, chain: str, source: Source, arriving: float, depth: int) -> float:
        self.seen[chain] = None
        left = arriving
        for rule in self._tables.rules("nat", chain):
            if rule.remembered:
                self.affinity = True
                self.affinity_timeouts_s.add(rule.remembered_s)
                continue
            if not _matches(rule, source):
                continue
            taken = left * rule.probability
            if rule.target == "DNAT":
                self._reach(*parted(rule.to), taken)
                left -= taken
            elif rule.target.startswith(("KUBE-SEP-", "KUBE-SVC-", "KUBE-SVL-", "KUBE-EXT-")) and depth < DEEPEST:
                left = left - taken + self._follow(rule.target, source, taken, depth + 1)
            if left <= 0:
                return 0.0
        return left


def _matches(rule: Rule, source: Source) -> bool:
    if rule.local_source:
        return source is Source.INSIDE
    # By one of them detectLocalMode knows pods (pkg/proxy/util/localdetector.go).
    pods = rule.source or rule.interface
    return not pods or pods.startswith("!") is (source is Source.OUTSIDE)
