"""The table of an audit: of each node and place of a Service what is meant, what its rules do, and what traffic saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gauntlet.doctor.cluster_check import data_plane
from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts
from gauntlet.doctor.cluster_check.mismatches import endpoints_due, viewpoints, views
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.served_places import Place, PlaceKey, by_place, frontends_of, known, place_of
from gauntlet.doctor.cluster_check.serving import serving_node
from gauntlet.ground.family import Family, family_of
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome
from gauntlet.kube.objects import PodObject
from gauntlet.proxy.modes import traits
from gauntlet.proxy.rules import Forwarding, Route

# Endpoints that clients are led to, by where these are: pods of the node, the node, outside. None: not known.
Leads: TypeAlias = tuple[frozenset[str] | None, ...]
# What attempts at a place met, by the node that decided and the family.
Seen: TypeAlias = Mapping[tuple[str, PlaceKey, Family], frozenset[str]]
_HEAD = "| | node | place | meant | rules | traffic |\n|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Row:
    """One place on one node. `rules` is None if it has none; `traffic` is empty if nobody asked there."""

    node: str
    place: Place
    meant: Leads
    rules: Leads | None
    traffic: frozenset[str]

    @property
    def agrees(self) -> bool:
        """Whether the rules do what is meant, as far as it is known."""
        if self.rules is None:
            return False
        pairs = zip(self.meant, self.rules, strict=True)
        return all(meant is None or meant == rules for meant, rules in pairs)


def rows(facts: ClusterFacts, nodes: Sequence[NodeFacts], seen: Seen) -> Iterator[Row]:
    """Those of all nodes whose rules could be read, and show endpoints."""
    taken = known(facts.served.modelled)
    for node in nodes:
        for rules in data_plane.of_families(facts, node):
            if traits(rules.mode).shows_endpoints:
                yield from _of_family(facts, node, rules, by_place(rules, node.addresses, taken), seen)


def _of_family(
    facts: ClusterFacts, node: NodeFacts, rules: Forwarding, routes: Mapping[PlaceKey, Route], seen: Seen
) -> Iterator[Row]:
    here = serving_node(facts, node, rules.mode)
    nobody = frozenset[str]()
    for service in facts.served.modelled:
        for frontend in frontends_of(service, rules.family, here):
            place = place_of(service, frontend)
            route = routes.get(place.key)
            meant = (
                None if here is None else endpoints_due(service, facts.served.copies, frontend, here, each)
                for each in viewpoints(frontend.kind)
            )
            leads = None if route is None else tuple(to for _, to in views(route, frontend.kind))
            yield Row(node.name, place, tuple(meant), leads, seen.get((node.name, place.key, rules.family), nobody))


def seen_by(
    encounters: pl.DataFrame, nodes: Sequence[NodeFacts], pods: Sequence[PodObject], facts: ClusterFacts
) -> Seen:
    """What attempts (gauntlet.traffic.encounters) met at places that there are now, since their Services were made.

    The node that decides is the one that has the address, else the client's own; attempts from outside at what no node
    has are left out. Backends that are pods of the Service's namespace are told by their addresses in the family that
    was asked, others by their names.
    """
    own = {address: node.name for node in nodes for address in node.addresses if address not in _LOOPBACK}
    made_ns = _made_ns(facts)
    addresses = {pod.metadata.full_name: pod.addresses for pod in pods}
    found: dict[tuple[str, PlaceKey, Family], set[str]] = {}
    for service, address, port, protocol, client_node, outcome, backend, at_ns in encounters.iter_rows():
        node = own.get(address) or client_node
        if node is None or at_ns < made_ns.get(service, at_ns + 1):
            continue
        family = family_of(address)
        key = (node, (None if address in own else address, port, protocol), family)
        found.setdefault(key, set()).add(
            _word(outcome, backend, addresses.get(f"{service.partition('/')[0]}/{backend}", ()), family)
        )
    return {key: frozenset(words) for key, words in found.items()}


def written(table: Sequence[Row]) -> str:
    """The table in Markdown, what does not agree first and marked."""
    ordered = sorted(table, key=lambda row: row.agrees)
    return _HEAD + "".join(_line(row) for row in ordered)


_LOOPBACK = ("127.0.0.1", "::1")


def _made_ns(facts: ClusterFacts) -> dict[str, int]:
    return {
        each.metadata.full_name: int(each.metadata.creation_timestamp.timestamp() * 1e9)
        for each in facts.served.services
        if each.metadata.creation_timestamp is not None
    }


def _word(outcome: str, backend: str | None, addresses: Sequence[str], family: Family) -> str:
    if outcome != Outcome.OK:
        return outcome
    of_family = [each for each in addresses if family_of(each) is family]
    return of_family[0] if of_family else backend or "an unknown backend"


def _line(row: Row) -> str:
    rules = "no rule" if row.rules is None else _leads(row.rules)
    cells = ("" if row.agrees else "!", row.node, str(row.place), _leads(row.meant), rules)
    return f"| {' | '.join(cells)} | {', '.join(sorted(row.traffic)) or 'not asked'} |\n"


def _leads(leads: Leads) -> str:
    """Once, if all clients are led alike; else those inside, and those outside."""
    words = ["not known" if each is None else ", ".join(sorted(each)) or "nobody" for each in leads]
    return words[0] if len(set(words)) == 1 else "; ".join(f"{who}: {to}" for who, to in zip(_WHO, words, strict=False))


_WHO = ("inside", "outside")
