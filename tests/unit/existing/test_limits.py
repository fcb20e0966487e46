"""What may be hurt: targets, the blast radius, and how options say it. No cluster is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gauntlet import faults
from gauntlet.faults import BlastRadius, limits
from gauntlet.faults.fault import in_every_mode
from gauntlet.faults.journalled import JournalledFault
from gauntlet.faults.kill_proxy import KillProxy
from gauntlet.faults.registry import FAULTS
from gauntlet.ground.cluster import NO_LIMITS, Limits, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.store import Journal, Record, State
from gauntlet.promises.support import LIMITS, Place, unsupported
from gauntlet.providers.existing.options import at_once, is_selector


@dataclass(frozen=True)
class Named:
    name: str


@dataclass(frozen=True)
class Bounded:
    """As much of a cluster as limits look at."""

    limits: Limits
    name: str = "staging"
    nodes: tuple[Named, ...] = tuple(map(Named, ("a", "b", "c")))
    mode: ProxyMode = field(default=ProxyMode.IPTABLES)


class HurtsAll(KillProxy):
    radius = in_every_mode(BlastRadius.CLUSTER)


def require(fault: type[JournalledFault], given: Limits, journal: Journal, node: str = "a") -> None:
    limits.require(fault, Bounded(given), Named(node), journal)  # type: ignore[arg-type]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.jsonl")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_keeps_to_the_targets(name: str, journal: Journal) -> None:
    fault = FAULTS[name]
    require(fault, Limits(frozenset({"a"}), 1), journal)
    require(fault, NO_LIMITS, journal)
    if not fault.needs.root_on_node:
        return
    for targets in (frozenset({"b"}), frozenset[str]()):
        with pytest.raises(UsageError, match=r"nodes that may be hurt: (b|none)"):
            require(fault, Limits(targets, 1), journal)


def test_a_fault_that_hurts_all_needs_all_as_targets(journal: Journal) -> None:
    every = frozenset("abc")
    require(HurtsAll, Limits(every, 3), journal)
    with pytest.raises(UsageError, match="would hurt b, c"):
        require(HurtsAll, Limits(frozenset({"a"}), 3), journal)
    with pytest.raises(UsageError, match=r"may hurt 3 node\(s\) .* at most 2"):
        require(HurtsAll, Limits(every, 2), journal)


@pytest.mark.parametrize("name", ["packet-loss", "partition-nodes"])
def test_what_all_clients_feel_in_userspace_mode_needs_all_nodes_there(name: str, journal: Journal) -> None:
    """There a dial in vain holds up the clients of every node; in the other modes nobody else is held up."""
    fault, given = FAULTS[name], Limits(frozenset("abc"), 2)
    limits.require(fault, Bounded(given), Named("a"), journal)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"blast radius cluster in userspace mode\) may hurt 3 node\(s\) .* at most 2"):
        limits.require(fault, Bounded(given, mode=ProxyMode.USERSPACE), Named("a"), journal)  # type: ignore[arg-type]


def test_the_widest_of_several_faults_counts() -> None:
    ids = ["kill-proxy-0a1b2c3d", "packet-loss-4e5f6a7b"]
    assert faults.blast_radius(ids, ProxyMode.IPTABLES) is BlastRadius.BACKENDS_ON_HURT_NODE
    assert faults.blast_radius(ids, ProxyMode.USERSPACE) is BlastRadius.CLUSTER
    assert faults.blast_radius(ids[:1], ProxyMode.NFTABLES) is BlastRadius.NONE
    assert faults.blast_radius(ids[:1], ProxyMode.USERSPACE) is BlastRadius.HURT_NODE
    assert faults.blast_radius([], ProxyMode.IPVS) is BlastRadius.NONE


def test_nodes_that_are_hurt_already_count(journal: Journal) -> None:
    fault, given = FAULTS["flush-nat"], Limits(frozenset("ab"), 1)
    record = journal.write(Record("flush-nat-1", "flush-nat", "b", State.INJECTED))
    with pytest.raises(UsageError, match="hurt already: b"):
        require(fault, given, journal, "a")
    require(fault, given, journal, "b")
    require(fault, Limits(frozenset("ab"), 2), journal, "a")
    journal.write(Record(record.fault_id, record.fault, "b", State.CONFIRMED))
    require(fault, given, journal, "a")


@pytest.mark.parametrize(("blast", "nodes", "wanted"), [("1", 3, 1), ("2", 3, 2), ("34%", 3, 1), ("100%", 7, 7)])
def test_blast(blast: str, nodes: int, wanted: int) -> None:
    assert at_once(blast, nodes) == wanted


@pytest.mark.parametrize("blast", ["0", "-1", "1.5", "all", "0%", "101%", "%", "33%", " 1", "१"])
def test_wrong_blast(blast: str) -> None:
    with pytest.raises(UsageError, match="--kp-max-blast"):
        at_once(blast, 3)


@pytest.mark.parametrize("targets", ["pool=chaos", "pool!=x", "!pool", "pool in (a,b)", "pool notin (a)"])
def test_selectors_are_told_from_names(targets: str) -> None:
    assert is_selector(targets)
    assert not is_selector("worker-1,worker-2.example.net")


def test_every_place_of_somebodys_cluster_is_in_the_table() -> None:
    used = {limit.place for limit in LIMITS}
    theirs = {place for place in Place if "somebody" in place}
    assert theirs <= used
    for limit in LIMITS:
        if limit.place in theirs:
            for mode in ProxyMode:
                assert unsupported(limit.feature, mode, "1.37", {limit.place})
                assert unsupported(limit.feature, mode, "1.37") is None
