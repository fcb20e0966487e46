"""Are the rules for all Services there, and do they lead where they should?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from gauntlet.doctor.cluster_check import health, modes
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.mismatches import Kind, Mismatch
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.report import Diagnosis, Level, some
from gauntlet.doctor.cluster_check.served_places import places
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Forwarding
from gauntlet.proxy.rules.explanation import not_hooked

CHECK = "rules"
_SHOWN = 3
# What is left, or passes an endpoint over, costs no connection by itself.
_LEVELS = {Kind.LEFT: Level.WARNING, Kind.PASSED_OVER: Level.WARNING}
_REMEDY = "`gauntlet inspect` shows the rules; restart kube-proxy on the node: it writes everything anew when it starts"


def judge(facts: ClusterFacts, node: NodeFacts, differences: Collection[Mismatch]) -> Iterator[Diagnosis]:
    """The rules of the mode that runs, for a node that could be looked at."""
    if node.unseen:
        return
    if node.trouble:
        remedy = "the node needs the tools of its mode: iptables-save, nft, ipset, ip"
        yield Diagnosis(CHECK, Level.UNKNOWN, node.name, f"the rules could not be read: {node.trouble}", remedy)
        return
    remedy = health.SEE_FAILURE if node.failure else _REMEDY
    found = of_mode(facts, node)
    if found is None:
        mode = modes.effective(facts, node)
        what = f"no rule of {mode} mode is here" if mode else "no rule of kube-proxy is here, in any mode"
        yield Diagnosis(CHECK, Level.PROBLEM, node.name, f"{what}: no Service works from this node", remedy)
        return
    if not found.hooked:
        yield Diagnosis(CHECK, Level.PROBLEM, node.name, not_hooked(found.mode), remedy)
    yield from _of_ipv6(facts, node, remedy)
    yield from _differences(node, differences, remedy)
    if found.hooked and not differences:
        size = found.size
        yield Diagnosis(
            CHECK,
            Level.OK,
            node.name,
            f"{count(facts, node, differences)} places of Services have their rules ({size.rules} rules, "
            f"{size.chains} chains, {size.elements} elements)",
        )


def of_mode(facts: ClusterFacts, node: NodeFacts) -> Forwarding | None:
    """The model of the mode that runs; None if nothing of that mode is on the node."""
    return in_mode(node.rules, modes.effective(facts, node))


def of_families(facts: ClusterFacts, node: NodeFacts) -> tuple[Forwarding, ...]:
    """The models of the mode that runs, one for each family in which the node's rules are known.

    A mode that serves one family alone has none for the other.
    """
    mode = modes.effective(facts, node)
    both = [of_mode(facts, node)]
    if mode is not None and Family.IPV6 in traits(mode).rules.commands:
        both.append(in_mode(node.ipv6_rules or (), mode))
    return tuple(each for each in both if each is not None)


def in_mode(rules: Collection[Forwarding], mode: ProxyMode | None) -> Forwarding | None:
    return next((each for each in rules if each.mode is mode), None)


def count(facts: ClusterFacts, node: NodeFacts, differences: Collection[Mismatch]) -> str:
    """`11/12`: places of Services that have a rule, of all that must; empty where rules could not be read."""
    if node.unseen or node.trouble:
        return ""
    if of_mode(facts, node) is None:
        return f"0/{len(places(facts.served))}"
    wanted = sum(len(places(facts.served, each.family)) for each in of_families(facts, node))
    return f"{wanted - sum(each.kind is Kind.MISSING for each in differences)}/{wanted}"


def _of_ipv6(facts: ClusterFacts, node: NodeFacts, remedy: str) -> Iterator[Diagnosis]:
    """What else is to be said of IPv6, if any Service has an address of it."""
    if not places(facts.served, Family.IPV6):
        return
    if node.ipv6_trouble:
        what = f"the rules of IPv6 could not be read: {node.ipv6_trouble}"
        tools = "the node needs the tools of its mode: ip6tables-save, nft, ipset, ip"
        yield Diagnosis(CHECK, Level.UNKNOWN, node.name, what, tools)
    for each in of_families(facts, node):
        if each.family is Family.IPV6 and not each.hooked:
            yield Diagnosis(CHECK, Level.PROBLEM, node.name, f"{not_hooked(each.mode)} (IPv6)", remedy)


def _differences(node: NodeFacts, differences: Collection[Mismatch], remedy: str) -> Iterator[Diagnosis]:
    counted = Counter(each.kind for each in differences)
    for kind in Kind:
        if not counted[kind]:
            continue
        named = sorted(str(each) for each in differences if each.kind is kind)
        what = f"{counted[kind]} x a place {kind}: {some(named, _SHOWN)}"
        yield Diagnosis(CHECK, _LEVELS.get(kind, Level.PROBLEM), node.name, what, remedy)
