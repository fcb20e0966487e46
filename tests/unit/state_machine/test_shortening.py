"""What a sequence that failed can do without: in few rounds, as each takes seconds on a cluster."""

from __future__ import annotations

from collections.abc import Collection

from gauntlet.workload.state_machine import Kind, Move, Sequence
from gauntlet.workload.state_machine.shortening import shortest
from gauntlet.workload.state_machine.trial import Counterexample, Trouble

READY, UNREADY, GONE = (Move(Kind.ENDPOINT, 0, each, 1) for each in ("ready", "unready", "gone"))
LOCAL = Move(Kind.INTERNAL_POLICY, 0, "Local")
STICKY = Move(Kind.AFFINITY, 0, "three hours")
BESIDE = Move(Kind.ENDPOINT, 0, "ready", 2)
OTHER = Move(Kind.ENDPOINT, 1, "ready", 1)
DELETED = Move(Kind.DELETE)
RESTART = Move(Kind.RESTART)


class Data:
    """A data plane that fails once all moves of `wrong` were made by the end of a step: in it, or in steps before."""

    def __init__(self, *wrong: Move, in_order: bool = False) -> None:
        self._wrong = wrong
        self._in_order = in_order
        self.rounds: list[tuple[Sequence, ...]] = []

    def __call__(self, sequences: tuple[Sequence, ...]) -> tuple[Trouble | None, ...]:
        self.rounds.append(sequences)
        return tuple(map(self.trouble, sequences))

    def trouble(self, sequence: Sequence) -> Trouble | None:
        for number in range(len(sequence)):
            so_far = sequence[: number + 1]
            if _in_order(so_far, self._wrong) if self._in_order else _all_made(so_far, self._wrong):
                return Trouble(number, ())
        return None

    def shortest(self, *sequence: tuple[Move, ...]) -> Sequence:
        trouble = self.trouble(sequence)
        assert trouble is not None
        return shortest(Counterexample.of(sequence, trouble), self).sequence


def _all_made(sequence: Sequence, wanted: Collection[Move]) -> bool:
    return set(wanted) <= {move for step in sequence for move in step}


def _in_order(sequence: Sequence, wanted: Collection[Move]) -> bool:
    """In a step each."""
    left = list(wanted)
    for step in sequence:
        if left and left[0] in step:
            left.pop(0)
    return not left


def test_steps_that_lead_to_one_state_become_one() -> None:
    data = Data(LOCAL, BESIDE)

    assert data.shortest((LOCAL, STICKY), (OTHER,), (READY, BESIDE), (DELETED,)) == ((LOCAL, BESIDE),)
    assert len(data.rounds) == 3


def test_a_step_before_stays_if_what_was_there_matters() -> None:
    data = Data(READY, GONE, in_order=True)

    assert data.shortest((LOCAL,), (READY, OTHER), (STICKY,), (GONE, BESIDE)) == ((READY,), (GONE,))
    assert len(data.rounds) == 3


def test_more_steps_stay_if_each_of_them_matters() -> None:
    data = Data(READY, UNREADY, GONE, in_order=True)

    assert data.shortest((READY, OTHER), (UNREADY,), (LOCAL,), (GONE,)) == ((READY,), (UNREADY,), (GONE,))


def test_moves_of_kube_proxies_stay_when_a_service_goes() -> None:
    data = Data(RESTART, DELETED)

    assert data.shortest((RESTART, LOCAL), (DELETED,)) == ((RESTART, DELETED),)


def test_of_two_moves_that_do_the_same_one_stays() -> None:
    class Either(Data):
        def trouble(self, sequence: Sequence) -> Trouble | None:
            return Data(LOCAL).trouble(sequence) or Data(STICKY).trouble(sequence)

    assert len(Either().shortest((LOCAL, STICKY, OTHER))[0]) == 1


def test_one_move_is_as_short_as_it_gets() -> None:
    data = Data(LOCAL)

    assert data.shortest((LOCAL,)) == ((LOCAL,),)
    assert len(data.rounds) == 1


def test_what_is_not_tried_is_not_left_out() -> None:
    found = Counterexample(((LOCAL, OTHER), (STICKY,)), Trouble(1, ()))

    assert shortest(found, lambda sequences: (None,) * len(sequences)) == found
