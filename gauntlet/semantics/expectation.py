"""The model's answer: what a client at a place may see at a frontend of a Service.

In the order of a packet: does kube-proxy serve the address, may the client ask there, which endpoints does the node
use, what if there are none, which address do they see, does the answer come back.
"""

from __future__ import annotations

from dataclasses import replace

from gauntlet.ground.family import Family, family_of
from gauntlet.semantics.behaviour import LocalPolicy, SourceRanges
from gauntlet.semantics.endpoints import Copies, pool
from gauntlet.semantics.frontends import Frontend, Kind, frontends, why_none
from gauntlet.semantics.objects import Protocol, Service
from gauntlet.semantics.outcomes import Outcome, Reaction
from gauntlet.semantics.places import Place, Where, World, is_loopback
from gauntlet.semantics.proxy import LocalhostNodePorts, within
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.selection import Choice, Selection, select
from gauntlet.semantics.sources import Passage, answer, masquerade


def expected(service: Service, found: Copies, frontend: Frontend, place: Place, world: World) -> Outcome:
    """What may happen to a new connection. `found` are the endpoints of all Services (endpoints.copies).

    Raises Undefined if Kubernetes does not say, and LookupError for a NodePort at an address that no node has.
    """
    at = world.deciding(place, frontend)
    passage = Passage(service, frontend, place, at)
    unserved = why_none(service, frontend, at.proxy.version) or _not_at_this_address(passage)
    if unserved is not None:
        return _unserved(passage, unserved)
    selection = select(pool(found, service, frontend.port, frontend.family), service, at.node, at.proxy)
    if _is_shut_out(passage, selection):
        return _without_backend(passage, Reaction.SWALLOWED, Rule.SOURCE_RANGES)
    made = choice(passage, selection)
    if not made.pool:
        return _nobody(passage, selection, made)
    return _answered(passage, made)


def _not_at_this_address(passage: Passage) -> Rule | None:
    """Why the node does not serve a NodePort at this address, or refuses it there; None if it serves it."""
    frontend, proxy = passage.frontend, passage.at.proxy
    if frontend.kind is not Kind.NODE_PORT:
        return None
    if not is_loopback(frontend.address):
        served = proxy.serves_node_ports_at(passage.at.node, frontend.address)
        return None if served else Rule.NODE_PORT_ADDRESSES
    served = {
        LocalhostNodePorts.NONE: False,
        LocalhostNodePorts.REFUSED: False,
        LocalhostNodePorts.RULES: frontend.family is Family.IPV4
        and proxy.serves_node_ports_at(passage.at.node, frontend.address),
        LocalhostNodePorts.LISTENER: frontend.protocol is Protocol.TCP,
        LocalhostNodePorts.EVERY_ADDRESS: True,
    }[proxy.localhost]
    return None if served and passage.is_own else Rule.LOCALHOST_NODE_PORT


def _unserved(passage: Passage, rule: Rule) -> Outcome:
    if rule is Rule.PROXY_MODE_INGRESS:
        return _without_backend(passage, Reaction.UNHANDLED, rule)
    refuses = passage.at.proxy.localhost in (LocalhostNodePorts.REFUSED, LocalhostNodePorts.LISTENER)
    if rule is Rule.LOCALHOST_NODE_PORT and refuses and passage.is_own:
        return _without_backend(passage, Reaction.REFUSED, rule)
    return _without_backend(passage, Reaction.UNANSWERED, rule)


def _is_shut_out(passage: Passage, selection: Selection) -> bool:
    """By loadBalancerSourceRanges of the address's family; none of a family shuts nobody out there."""
    when = passage.at.proxy.behaviour.source_ranges
    if passage.frontend.kind is not Kind.LOAD_BALANCER or when is SourceRanges.IGNORED:
        return False
    if when is SourceRanges.WITH_ENDPOINTS and not selection.anywhere:
        return False
    ranges = source_ranges(passage.service, passage.frontend.family)
    return bool(ranges) and not within(passage.place.address, ranges)


def source_ranges(service: Service, family: Family) -> tuple[str, ...]:
    """Those of a family; none lets everybody in."""
    # White space is allowed there by an oversight of the validation (newBaseServiceInfo in pkg/proxy/serviceport.go).
    trimmed = (each.strip() for each in service.source_ranges)
    return tuple(each for each in trimmed if family_of(each) is family)


def choice(passage: Passage, selection: Selection) -> Choice:
    """The endpoints that policy and place leave."""
    service, proxy = passage.service, passage.at.proxy
    local_policy = proxy.behaviour.local_policy
    is_external = passage.frontend.kind.is_external
    is_local = service.external_is_local if is_external else service.internal_is_local
    if not is_local or local_policy is LocalPolicy.IGNORED:
        return Choice(selection.cluster.pool, (*selection.cluster.rules, Rule.ALL_NODES))
    if passage.is_short_circuit and not _is_listener(passage):
        return Choice(selection.cluster.pool, (*selection.cluster.rules, Rule.SHORT_CIRCUIT))
    rule = Rule.EXTERNAL_LOCAL if is_external else Rule.INTERNAL_LOCAL
    if selection.local.pool or local_policy is LocalPolicy.SHORT_CIRCUIT:
        return Choice(selection.local.pool, (*selection.local.rules, rule))
    # Without any external address, kube-proxy never looks at the endpoints of other nodes (UsesClusterEndpoints).
    others = selection.cluster.pool if is_external or _has_external_address(passage) else ()
    return Choice(others, (*selection.cluster.rules, rule, Rule.OWN_FIRST))


def _nobody(passage: Passage, selection: Selection, made: Choice) -> Outcome:
    behaviour = passage.at.proxy.behaviour
    if not behaviour.refuses:
        return _without_backend(passage, Reaction.UNANSWERED, *made.rules, Rule.ACCEPTED_AND_CLOSED)
    is_dropped = selection.anywhere and behaviour.local_policy is LocalPolicy.SHORT_CIRCUIT
    if is_dropped and not _is_listener(passage):
        return _without_backend(passage, Reaction.SWALLOWED, *made.rules, Rule.DROPPED)
    if _leaves_the_node(passage) and not behaviour.refuses_itself:
        return _without_backend(passage, Reaction.UNANSWERED, *made.rules, Rule.SENT_ON)
    return _without_backend(passage, Reaction.REFUSED, *made.rules, Rule.REFUSED)


def _leaves_the_node(passage: Passage) -> bool:
    """Whether it is a node's own connection to an external address that is none of the node's."""
    is_ours = passage.frontend.kind in (Kind.EXTERNAL_IP, Kind.LOAD_BALANCER)
    return passage.is_own and is_ours and passage.frontend.address not in passage.at.node.addresses


def _answered(passage: Passage, made: Choice) -> Outcome:
    masqueraded = Rule.OWN_CONNECTION if _is_listener(passage) else masquerade(passage)
    answers = [answer(passage, each, masqueraded) for each in made.pool]
    reactions = set[Reaction]()
    for each, _ in answers:
        reactions.update(() if each.comes_back is False else (Reaction.ANSWERED,))
        reactions.update(() if each.comes_back else (Reaction.SWALLOWED,))
    timeout_s = passage.service.affinity_timeout_s
    decided = (*made.rules, *(rule for _, rule in answers), *(() if timeout_s is None else (Rule.AFFINITY,)))
    return Outcome(
        frozenset(reactions),
        passage.at.node.name,
        tuple(dict.fromkeys(decided)),
        tuple(each for each, _ in answers),
        timeout_s,
    )


def _without_backend(passage: Passage, reaction: Reaction, *rules: Rule) -> Outcome:
    return Outcome(frozenset({reaction}), passage.at.node.name, rules)


def _has_external_address(passage: Passage) -> bool:
    """ExternallyAccessible in pkg/proxy/serviceport.go: by family, and by external IPs whether a gate is on or not."""
    asked, version = passage.frontend, replace(passage.at.proxy.version, external_ips=True)
    of_family = (each for each in frontends(passage.service, version) if each.family is asked.family)
    return any(each.kind.is_external and each.port == asked.port for each in of_family)


def _is_listener(passage: Passage) -> bool:
    """Whether a process of kube-proxy answers on 127.0.0.1, which knows no short circuit."""
    is_node = passage.place.where is Where.NODE and is_loopback(passage.frontend.address)
    return is_node and passage.at.proxy.localhost is LocalhostNodePorts.LISTENER
