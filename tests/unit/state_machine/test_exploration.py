"""The state machine, on a data plane made of the model: it finds planted bugs by itself, and makes them short."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.state_machine import GATE, OF_SERVICES
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import Inconclusive
from gauntlet.workload.state_machine import Kind, Move, Sequence
from gauntlet.workload.state_machine.exploration import Effort, explore
from gauntlet.workload.state_machine.trial import Trouble, one_by_one
from tests.unit.state_machine.bugs import BUGS, ConfigurationIsNotFollowed, RestartLosesServices
from tests.unit.state_machine.fake import Bug, Sound, attempt

# Bugs need a change after another, or two things at once: none needs more than this.
MOST_STEPS = 2
MOST_MOVES = 3


@pytest.mark.parametrize("mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS])
def test_nothing_is_found_if_all_is_as_the_model_says(mode: ProxyMode) -> None:
    tried = explore(one_by_one(lambda sequence: attempt(mode, Sound(), sequence)), Effort(10, services=2))

    assert tried.counterexample is None
    assert tried.sequences == 10


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_and_made_short(bug: type[Bug]) -> None:
    found = explore(
        one_by_one(lambda sequence: attempt(ProxyMode.IPTABLES, bug(), sequence)), Effort(60)
    ).counterexample

    assert found is not None
    assert len(found.sequence) <= MOST_STEPS
    assert sum(map(len, found.sequence)) <= MOST_MOVES
    assert found.trouble.step == len(found.sequence) - 1
    assert attempt(ProxyMode.IPTABLES, bug(), found.sequence) == found.trouble
    assert attempt(ProxyMode.IPTABLES, Bug(), found.sequence) is None


# Of bugs that show by other moves only.
OF_NODES = (RestartLosesServices, ConfigurationIsNotFollowed)


@pytest.mark.parametrize("bug", [each for each in BUGS if each not in OF_NODES])
def test_the_few_sequences_of_the_gate_find_it(bug: type[Bug]) -> None:
    effort = replace(GATE, kinds=OF_SERVICES, budget_s=None, shrink_s=-1)

    found = explore(one_by_one(lambda sequence: attempt(ProxyMode.IPTABLES, bug(), sequence)), effort)

    assert found.counterexample is not None


def test_every_time_the_same_is_tried() -> None:
    def tried() -> list[Sequence]:
        seen: list[Sequence] = []
        explore(one_by_one(seen.append), Effort(20))
        return seen

    assert tried() == tried()


def test_no_sequence_is_tried_twice() -> None:
    seen = Counter[Sequence]()

    def fails(sequence: Sequence) -> Trouble | None:
        seen[sequence] += 1
        return _trouble_with(Kind.DELETE, sequence)

    assert explore(one_by_one(fails), Effort(30)).counterexample is not None
    assert max(seen.values()) == 1


def test_without_time_to_make_it_shorter_the_first_failure_is_told() -> None:
    seen: list[Sequence] = []

    def fails(sequence: Sequence) -> Trouble | None:
        seen.append(sequence)
        found = _trouble_with(Kind.DELETE, sequence)
        return found if found is not None and found.step > 2 else None

    found = explore(one_by_one(fails), Effort(30, shrink_s=-1)).counterexample

    assert found is not None
    assert found.sequence == seen[-1][: found.trouble.step + 1]
    assert len(found.sequence) > 3


def test_nothing_is_begun_without_time() -> None:
    tried = explore(one_by_one(lambda _: None), Effort(30, budget_s=-1))

    assert (tried.sequences, tried.is_over) == (0, True)


def test_what_failed_before_is_tried_first(tmp_path: Path) -> None:
    def fails(sequence: Sequence) -> Trouble | None:
        return _trouble_with(Kind.AFFINITY, sequence)

    first = explore(one_by_one(fails), Effort(50, database=tmp_path)).counterexample
    again = explore(one_by_one(fails), Effort(1, database=tmp_path))

    assert first is not None
    assert again.counterexample == first


def test_what_a_trial_raises_goes_through() -> None:
    seen: list[Sequence] = []

    def breaks(sequence: Sequence) -> Trouble | None:
        seen.append(sequence)
        raise RuntimeError("no cluster")

    with pytest.raises(RuntimeError, match="no cluster"):
        explore(one_by_one(breaks), Effort(3))

    assert len(seen) == 1


def test_so_many_sequences_are_tried_together() -> None:
    sizes: list[int] = []

    def holds(sequences: tuple[Sequence, ...]) -> tuple[None, ...]:
        sizes.append(len(sequences))
        return (None,) * len(sequences)

    tried = explore(holds, Effort(32, together=8))

    assert max(sizes) == 8
    assert len(sizes) <= 4
    assert tried.sequences == sum(sizes)


def test_what_nobody_can_tell_of_shorter_ones_hides_no_failure() -> None:
    first: list[Sequence] = []

    def fails(sequences: tuple[Sequence, ...]) -> tuple[Trouble | None, ...]:
        if first:
            raise Inconclusive("no row was asked")
        found = tuple(_trouble_with(Kind.TYPE, each) for each in sequences)
        first.extend(each for each, trouble in zip(sequences, found, strict=True) if trouble is not None)
        return found

    found = explore(fails, Effort(30)).counterexample

    assert found is not None
    assert found.sequence == first[0][: found.trouble.step + 1]


def test_only_moves_of_the_kinds_that_are_wanted_are_made() -> None:
    seen: list[Sequence] = []

    explore(one_by_one(seen.append), Effort(20, kinds=(Kind.ENDPOINT, Kind.DELETE)))

    assert {move.kind for sequence in seen for step in sequence for move in step} == {Kind.ENDPOINT, Kind.DELETE}


def _trouble_with(kind: Kind, sequence: Sequence) -> Trouble | None:
    """At the first move of this kind."""
    steps = enumerate(sequence)
    return next((Trouble(number, ()) for number, moves in steps if any(each.kind is kind for each in moves)), None)


def test_a_move_is_plain_words() -> None:
    assert str(Move(Kind.ENDPOINT, 1, "unready", 2)) == "Service s1: endpoint pod 2 is unready"
    assert str(Move(Kind.RESTART, 1)) == "kube-proxy on node 1 restarts"
