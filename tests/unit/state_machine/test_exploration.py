"""The state machine, on a data plane made of the model: it finds planted bugs by itself, and makes them short."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.workload.state_machine import Kind, Move, Sequence
from gauntlet.workload.state_machine.exploration import Effort, Trouble, explore
from tests.unit.state_machine.bugs import BUGS
from tests.unit.state_machine.fake import Bug, Sound, attempt

# Bugs need a change after another, or two things at once: none needs more than this.
MOST_STEPS = 2
MOST_MOVES = 3


@pytest.mark.parametrize("mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS])
def test_nothing_is_found_if_all_is_as_the_model_says(mode: ProxyMode) -> None:
    tried = explore(lambda sequence: attempt(mode, Sound(), sequence), Effort(10, services=2))

    assert tried.counterexample is None
    assert tried.sequences == 10


@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found_and_made_short(bug: type[Bug]) -> None:
    found = explore(lambda sequence: attempt(ProxyMode.IPTABLES, bug(), sequence), Effort(60)).counterexample

    assert found is not None
    assert len(found.sequence) <= MOST_STEPS
    assert sum(map(len, found.sequence)) <= MOST_MOVES
    assert found.trouble.step == len(found.sequence) - 1
    assert attempt(ProxyMode.IPTABLES, bug(), found.sequence) == found.trouble
    assert attempt(ProxyMode.IPTABLES, Bug(), found.sequence) is None


def test_every_time_the_same_is_tried() -> None:
    def tried() -> list[Sequence]:
        seen: list[Sequence] = []
        explore(seen.append, Effort(20))
        return seen

    assert tried() == tried()


def test_no_sequence_is_tried_twice() -> None:
    seen = Counter[Sequence]()

    def fails(sequence: Sequence) -> Trouble | None:
        seen[sequence] += 1
        return Trouble(0, ()) if _has(sequence, Kind.DELETE) else None

    assert explore(fails, Effort(30)).counterexample is not None
    assert max(seen.values()) == 1


def test_without_time_to_make_it_shorter_the_first_failure_is_told() -> None:
    seen: list[Sequence] = []

    def fails(sequence: Sequence) -> Trouble | None:
        seen.append(sequence)
        return Trouble(0, ()) if _has(sequence, Kind.DELETE) and len(sequence) > 3 else None

    found = explore(fails, Effort(30, shrink_s=-1)).counterexample

    assert found is not None
    assert found.sequence == seen[-1]
    assert len(found.sequence) > 3


def test_nothing_is_begun_without_time() -> None:
    tried = explore(lambda _: None, Effort(30, budget_s=-1))

    assert (tried.sequences, tried.is_over) == (0, True)


def test_what_failed_before_is_tried_first(tmp_path: Path) -> None:
    def fails(sequence: Sequence) -> Trouble | None:
        return Trouble(0, ()) if _has(sequence, Kind.AFFINITY) else None

    first = explore(fails, Effort(50, database=tmp_path)).counterexample
    again = explore(fails, Effort(1, database=tmp_path))

    assert first is not None
    assert again.counterexample == first


def test_what_a_trial_raises_goes_through() -> None:
    seen: list[Sequence] = []

    def breaks(sequence: Sequence) -> Trouble | None:
        seen.append(sequence)
        raise RuntimeError("no cluster")

    with pytest.raises(RuntimeError, match="no cluster"):
        explore(breaks, Effort(3))

    assert len(seen) == 1


def test_only_moves_of_the_kinds_that_are_wanted_are_made() -> None:
    seen: list[Sequence] = []

    explore(seen.append, Effort(20, kinds=(Kind.ENDPOINT, Kind.DELETE)))

    assert {move.kind for sequence in seen for step in sequence for move in step} == {Kind.ENDPOINT, Kind.DELETE}


def _has(sequence: Sequence, kind: Kind) -> bool:
    return any(move.kind is kind for step in sequence for move in step)


def test_a_move_is_plain_words() -> None:
    assert str(Move(Kind.ENDPOINT, 1, "unready", 2)) == "Service s1: endpoint pod 2 is unready"
    assert str(Move(Kind.RESTART, 1)) == "kube-proxy on node 1 restarts"
