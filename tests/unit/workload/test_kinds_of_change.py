"""Changes of every kind: each follows from the one before, and says who has to answer where."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.semantics.objects import ServiceType
from gauntlet.workload.changes import Declarations, Verb, transitions
from gauntlet.workload.kinds_of_change import Change, changes
from gauntlet.workload.served import RunningBackend, Served
from gauntlet.workload.service import HTTP, UDP, Service

PLAIN = Service("changing", (HTTP, UDP), ServiceType.NODE_PORT, app=None)
SERVED = Served("case", PLAIN, ("10.96.0.7", "fd10:96::7"), {"tcp-80": 30001, "udp-80": 30002}, ())
NODES = {"node-1": ("10.77.0.11", "fd10:77::11"), "node-2": ("10.77.0.12",)}
FIRST = RunningBackend("case", "first", "node-1", ("10.244.1.2",))
SECOND = RunningBackend("case", "second", "node-2", ("10.244.2.2",))
ALL = tuple(changes(SERVED, NODES, FIRST, SECOND))
ONE, OTHER, NOBODY = frozenset({"first"}), frozenset({"second"}), frozenset[str]()


def test_each_change_is_of_one_service() -> None:
    there: Declarations = {PLAIN: [FIRST.endpoint()]}
    verbs = []
    for each in ALL:
        (found,) = transitions(there, each.declared).values()
        verbs.append(found.verb)
        there = each.declared
    assert verbs == [Verb.UPDATE] * 8 + [Verb.DELETE, Verb.CREATE]


def answers(*addresses: str) -> Mapping[str, tuple[frozenset[str], ...]]:
    def at(change: Change) -> tuple[frozenset[str], ...]:
        return tuple(change.answers.get(address, NOBODY) for address in addresses)

    return {each.words: at(each) for each in ALL}


def test_who_answers_at_cluster_ips_and_external_ips_of_each_family() -> None:
    assert answers("10.96.0.7", "198.51.100.68") == answers("fd10:96::7", "2001:db8::68")
    assert answers("10.96.0.7", "198.51.100.68") == {
        "an endpoint more": (ONE | OTHER, NOBODY),
        "an endpoint less": (OTHER, NOBODY),
        "the last endpoint goes": (NOBODY, NOBODY),
        "a first endpoint": (ONE, NOBODY),
        "external IPs": (ONE, ONE),
        "policy Local": (ONE, ONE),
        "no NodePort any more": (ONE, ONE),
        "NodePorts": (ONE, ONE),
        "deleted": (NOBODY, NOBODY),
        "made again": (OTHER, NOBODY),
    }


def test_who_answers_at_node_ports() -> None:
    assert answers("10.77.0.11", "fd10:77::11", "10.77.0.12") == {
        "an endpoint more": (ONE | OTHER, ONE | OTHER, ONE | OTHER),
        "an endpoint less": (OTHER, OTHER, OTHER),
        "the last endpoint goes": (NOBODY, NOBODY, NOBODY),
        "a first endpoint": (ONE, ONE, ONE),
        "external IPs": (ONE, ONE, ONE),
        "policy Local": (ONE, ONE, NOBODY),
        "no NodePort any more": (NOBODY, NOBODY, NOBODY),
        "NodePorts": (ONE, ONE, NOBODY),
        "deleted": (NOBODY, NOBODY, NOBODY),
        "made again": (OTHER, OTHER, OTHER),
    }


def test_what_is_made_again_has_the_addresses_and_node_ports_that_it_had() -> None:
    (again,) = ALL[-1].declared
    assert again.cluster_ips == SERVED.addresses
    assert [each.node_port for each in again.ports] == [30001, 30002]
