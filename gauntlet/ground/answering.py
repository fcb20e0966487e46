"""Answering: who has to answer a flow after each change of a Service, and when the flow first saw just that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.ground.following import IN_A_ROW, Followed
from gauntlet.ground.frames import pl

_NANO = 1_000_000_000
# Of two endpoints that share connections evenly, one is missed by so many in a row once in 2^20 times.
_BY_CHANCE = 20


@dataclass(frozen=True)
class Demand:
    """A change of a Service, when it was asked for, and when the next one was, in ns.

    From then on each of the backends that `answers` has for an address answers there, and nobody else; at an address
    that it does not have, nobody does.
    """

    words: str
    at_ns: int
    until_ns: int
    answers: Mapping[str, frozenset[str]]

    def backends_at(self, address: str) -> frozenset[str]:
        return self.answers.get(address, frozenset())


def answered_as(attempts: pl.DataFrame, wanted: frozenset[str], changed_ns: int, until_ns: int) -> Followed | None:
    """When a flow, whose attempts these are, was first answered by each of `wanted` and by nobody else.

    If these are none, when nobody answered it any more. None if that was not so before `until_ns`, for IN_A_ROW
    attempts at least. Which of several an attempt meets is chance: one that was not met may have been there before.
    """
    after = attempts.filter((pl.col("at_ns") >= changed_ns) & (pl.col("at_ns") < until_ns)).sort("at_ns")
    begins = [changed_ns, *after["at_ns"]]
    answers = [
        backend if outcome == "ok" else None for outcome, backend in after.select("outcome", "backend").iter_rows()
    ]
    last = max((number for number, answer in enumerate(answers) if not _fits(answer, wanted)), default=-1)
    good = answers[last + 1 :]
    if len(good) < IN_A_ROW or not wanted <= set(good):
        return None
    seen = last + 1 + max((good.index(each) for each in wanted), default=0)
    earliest = max(last + 1, seen - _BY_CHANCE if len(wanted) > 1 else seen)
    return Followed((begins[earliest] - changed_ns) / _NANO, (begins[seen + 1] - changed_ns) / _NANO)


def _fits(answer: str | None, wanted: frozenset[str]) -> bool:
    return answer in wanted if wanted else answer is None
