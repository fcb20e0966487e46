from __future__ import annotations

import random

import pytest

from gauntlet.checkers.balance import MIN_EXPECTED, Spread
from gauntlet.checkers.sample import SIGNIFICANCE
from gauntlet.checkers.shares import ATTEMPTS, SKEW, all_met, shares
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.workload.many_endpoints import name_of, names_of
from tests.unit.checkers.histories import EMPTY, Row, frame

SEVERAL = [count for count in ATTEMPTS if count > 1]


def worst(findings: tuple[Finding, ...]) -> Verdict:
    verdicts = {each.verdict for each in findings}
    return next(each for each in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS) if each in verdicts)


def met(client: str, numbers: list[int]) -> list[Row]:
    return [Row(at / 100, backend=name_of(number), client=client) for at, number in enumerate(numbers)]


def fairly(count: int, chance: random.Random) -> list[int]:
    return [chance.randrange(count) for _ in range(ATTEMPTS[count])]


@pytest.mark.parametrize("count", SEVERAL)
def test_so_many_attempts_show_such_a_skew(count: int) -> None:
    names = tuple(sorted(names_of(range(count))))
    each = ATTEMPTS[count] // count
    spread = Spread("a client", names, (each,) * count)
    assert each >= MIN_EXPECTED
    assert spread.visible_skew(SIGNIFICANCE) <= SKEW[count]


@pytest.mark.parametrize("count", list(ATTEMPTS))
@pytest.mark.parametrize("seed", range(5))
def test_fair_shares_pass(count: int, seed: int) -> None:
    rows = met("client-1", fairly(count, random.Random(seed)))
    assert worst(shares(frame(rows), names_of(range(count)))) is Verdict.PASS


@pytest.mark.parametrize("count", SEVERAL)
def test_a_client_whose_shares_are_uneven_fails_beside_one_whose_are_fair(count: int) -> None:
    chance = random.Random(1)
    twice = [0 if chance.random() < (SKEW[count] + 1) * 1.3 / count else number for number in fairly(count, chance)]
    rows = [*met("client-1", fairly(count, chance)), *met("client-2", twice)]
    assert worst(shares(frame(rows), names_of(range(count)))) is Verdict.FAIL


def test_an_endpoint_that_a_client_never_meets_fails() -> None:
    chance = random.Random(1)
    others = [chance.randrange(9) for _ in range(ATTEMPTS[10])]
    assert worst(shares(frame(met("client-1", others)), names_of(range(10)))) is Verdict.FAIL
    assert worst(all_met(frame(met("client-1", others)), names_of(range(10)))) is Verdict.FAIL


def test_one_that_is_not_of_the_service_any_more_fails() -> None:
    rows = met("client-1", [*fairly(3, random.Random(1)), 7])
    assert worst(shares(frame(rows), names_of(range(3)))) is Verdict.FAIL
    assert worst(all_met(frame(rows), names_of(range(3)))) is Verdict.FAIL


def test_too_few_attempts_are_inconclusive() -> None:
    assert worst(shares(frame(met("client-1", [0, 1, 2] * 5)), names_of(range(3)))) is Verdict.INCONCLUSIVE
    assert worst(all_met(frame(met("client-1", [0, 1] * 5)), names_of(range(3)))) is Verdict.INCONCLUSIVE


def test_nothing_is_inconclusive() -> None:
    assert worst(shares(EMPTY, names_of(range(3)))) is Verdict.INCONCLUSIVE
    assert worst(all_met(EMPTY, names_of(range(3)))) is Verdict.INCONCLUSIVE
