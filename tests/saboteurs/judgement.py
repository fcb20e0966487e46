"""Whether a saboteur was caught as the register says: a pure function of the results of its run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gauntlet.ground.finding import Verdict
from gauntlet.report import names
from gauntlet.report.results import FindingRecord, Results
from tests.saboteurs.register.saboteur import Catch, Saboteur, is_of


@dataclass(frozen=True)
class Caught:
    """`after_s`: from the start of the run, the making of its cluster included, to the case's report."""

    case: str
    check: str
    after_s: float


@dataclass(frozen=True)
class Judgement:
    """What one subject's run came to: the declared cases that failed, and what is not as the register says."""

    subject: str
    caught: tuple[Caught, ...]
    complaints: tuple[str, ...]


def judge(saboteur: Saboteur, results: Results, seconds: Mapping[str, float]) -> tuple[Judgement, ...]:
    """One for each mode. `seconds`: when each node id reported."""
    also = saboteur.also(results)
    return tuple(_of_subject(saboteur, mode, results, seconds, also) for mode in saboteur.modes)


def _of_subject(
    saboteur: Saboteur, subject: str, results: Results, seconds: Mapping[str, float], also: list[str]
) -> Judgement:
    found = [each for each in results.findings if each.subject == subject]
    catches = [each for each in saboteur.catches if subject in each.modes]
    caught = tuple(
        Caught(each.case, each.check, seconds[names.node_id(each.case, subject)])
        for each in found
        if each.verdict is Verdict.FAIL and any(_names(catch, each) for catch in catches)
    )
    complaints = (
        *(complaint for catch in catches for complaint in _uncaught(catch, found)),
        *(complaint for case in saboteur.witnesses for complaint in _silent(case, found)),
        *_undeclared(saboteur, catches, found, {each.case for each in caught}),
        *also,
    )
    return Judgement(
        subject, tuple(dict.fromkeys(caught)), complaints if catches else ("nothing is to catch it", *complaints)
    )


def _names(catch: Catch, finding: FindingRecord) -> bool:
    return is_of(finding.case, catch.case) and finding.check == catch.check


def _uncaught(catch: Catch, found: list[FindingRecord]) -> Iterator[str]:
    """Each variant of the case has to fail by the check."""
    variants = {each.case for each in found if is_of(each.case, catch.case)}
    if not variants:
        yield f"{catch.case} did not run"
    for case in sorted(variants):
        if not any(each.case == case and _names(catch, each) and each.verdict is Verdict.FAIL for each in found):
            yield f"{case} did not fail by {catch.check}"


def _silent(witness: str, found: list[FindingRecord]) -> Iterator[str]:
    if not any(is_of(each.case, witness) for each in found):
        yield f"the witness {witness} did not run"


def _undeclared(
    saboteur: Saboteur, catches: list[Catch], found: list[FindingRecord], caught: set[str]
) -> Iterator[str]:
    """All that does not pass, and is neither a catch nor declared to be beside one.

    What a case that caught the bug, one of `caught`, cannot tell besides, as nobody answered it, is no complaint.
    """
    for each in found:
        if each.verdict is Verdict.INCONCLUSIVE and each.case in caught:
            continue
        is_beside = any(is_of(each.case, may.case) and may.check in ("", each.check) for may in saboteur.beside)
        if each.verdict.blocks and not is_beside and not any(_names(catch, each) for catch in catches):
            yield f"{each.case} is {each.verdict} by {each.check}, which is not declared: {each.reason}"
