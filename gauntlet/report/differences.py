"""Differences between the subjects of a run, held against those that are declared."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gauntlet.ground.finding import Verdict
from gauntlet.promises.differences import Declaration, Kind
from gauntlet.promises.support import is_of_the_place
from gauntlet.report import expected_table
from gauntlet.report.difference_record import (
    AbsentRecord,
    DifferenceRecord,
    DifferencesRecord,
    ReasonOfDifference,
    StoodRecord,
)
from gauntlet.report.results import CaseResult, Results
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.semantics.rules import Rule
from gauntlet.semantics.standing import Standing

SKIPPED = "skipped"
SKIP = "skip"
REGISTER = "docs/known-defects.yaml"

Declared = Sequence[tuple[Declaration, str]]
Tables = Mapping[str, Sequence[Standing]]


@dataclass
class _Compared:
    """What is learnt of the declarations on the way: by their places, which were tried, and which covered something."""

    declared: Declared
    tried: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def between(
        self, kind: Kind, case: str, one: SubjectRecord, other: SubjectRecord, rules: frozenset[str] | None
    ) -> list[ReasonOfDifference]:
        """The declarations that cover a difference between two subjects, decided by these rules on one side only.

        None for rules: there is no difference between them.
        """
        found = []
        for each, place in self.declared:
            if not each.is_about(kind, case) or _holds(each, one) == _holds(each, other):
                continue
            self.tried.add(place)
            if rules is not None and each.decides(rules):
                self.used.add(place)
                found.append(_reason(each, place))
        return found

    def absent(self) -> Iterator[AbsentRecord]:
        for each, place in self.declared:
            if place in self.tried - self.used:
                verdict = Verdict.FAIL if each.always else Verdict.MEASURED
                yield AbsentRecord(case=each.case, verdict=verdict, declared=_reason(each, place))


@dataclass(frozen=True)
class _Stood:
    """What a subject came to in a case, in words. `explained` says why, if it is known without a declaration."""

    words: str
    rules: frozenset[str] = frozenset()
    explained: ReasonOfDifference | None = None


def differences(results: Results, run: Path, declared: Declared) -> DifferencesRecord | None:
    """In what its subjects differ; None if there is one alone, or if it is an upgrade, whose phases are compared.

    `run` is the folder that the evidence of findings is relative to.
    """
    if len(results.subjects) < 2 or results.upgrade is not None:
        return None
    compared = _Compared(declared)
    by_case = results.by_case()
    found: list[DifferenceRecord] = []
    uncompared: dict[str, str] = {}
    cases = rows = 0
    for case, of_case in _stood(results, by_case).items():
        names = [name for name, stood in of_case.items() if stood is not None]
        if len(names) < len(of_case):
            uncompared[case] = _why_not(of_case, by_case.get(case, {}))
        if len(names) < 2:
            continue
        cases += 1
        found += _of_verdicts(results, compared, case, {name: of_case[name] for name in names})
        same = _common(_tables(run, by_case.get(case, {}), results.names))
        rows += len(same)
        found += _of_rows(results, compared, case, same)
    return DifferencesRecord(
        found=tuple(sorted(found, key=lambda each: not each.verdict.blocks)),
        absent=tuple(compared.absent()),
        compared=cases,
        rows=rows,
        uncompared=uncompared,
    )


def _stood(results: Results, cases: Mapping[str, Mapping[str, CaseResult]]) -> dict[str, dict[str, _Stood | None]]:
    """By case and subject; None is a subject of which nothing was learnt there. The place's skips are left out."""
    by_case: dict[str, dict[str, _Stood | None]] = {}
    nothing: dict[str, _Stood | None] = dict.fromkeys(results.names)
    for case, found in cases.items():
        by_case[case] = {**nothing, **{name: _of_result(each) for name, each in found.items()}}
    for skip in results.skipped:
        of_case = by_case.setdefault(skip.case, dict(nothing))
        if is_of_the_place(skip.reason):
            of_case.pop(skip.subject, None)
        else:
            of_case[skip.subject] = _Stood(SKIPPED, explained=_of_skip(skip.reason))
    return by_case


def _of_result(result: CaseResult) -> _Stood | None:
    if result.verdict is Verdict.INCONCLUSIVE:
        return None
    if result.verdict is not Verdict.KNOWN_DEFECT:
        return _Stood(str(result.verdict))
    return _Stood(str(result.verdict), explained=_of_defect(", ".join(result.known_defects)))


def _why_not(of_case: Mapping[str, _Stood | None], ran: Mapping[str, CaseResult]) -> str:
    unclear = [name for name, stood in of_case.items() if stood is None and name in ran]
    missing = [name for name, stood in of_case.items() if stood is None and name not in ran]
    named = (("inconclusive", unclear), ("not run", missing))
    return "; ".join(f"{words} with {', '.join(names)}" for words, names in named if names)


def _of_verdicts(
    results: Results, compared: _Compared, case: str, of_case: Mapping[str, _Stood | None]
) -> Iterator[DifferenceRecord]:
    stood = {name: each for name, each in of_case.items() if each is not None}
    covered, reasons = _covered(results, compared, Kind.VERDICT, case, stood)
    if len({each.words for each in stood.values()}) > 1:
        yield DifferenceRecord(
            case=case,
            kind="verdict",
            verdict=Verdict.PASS if covered else Verdict.FAIL,
            stood=_alike(stood),
            declared=reasons,
        )


def _of_rows(
    results: Results, compared: _Compared, case: str, rows: Mapping[str, Mapping[str, Standing]]
) -> Iterator[DifferenceRecord]:
    """One for all rows that differ between the same subjects by the same rules."""
    ways: dict[tuple[tuple[int, ...], tuple[frozenset[str], ...]], list[str]] = {}
    for row, standing in rows.items():
        outcomes = [each.outcome for each in standing.values()]
        if outcomes.count(outcomes[0]) < len(outcomes):
            rules = [frozenset(each.rules) for each in standing.values()]
            own = tuple(each - frozenset.intersection(*rules) for each in rules)
            ways.setdefault((tuple(map(outcomes.index, outcomes)), own), []).append(row)
    if rows and not ways:
        _covered(results, compared, Kind.ROWS, case, _standing(next(iter(rows.values()))))
    for (_, own), of_way in ways.items():
        stood = _standing(rows[of_way[0]])
        covered, reasons = _covered(results, compared, Kind.ROWS, case, stood)
        yield DifferenceRecord(
            case=case,
            kind="rows",
            verdict=Verdict.PASS if covered else Verdict.FAIL,
            stood=_alike(stood),
            rows=len(of_way),
            row=of_way[0],
            rules=tuple(str(Rule[name]) for name in sorted(frozenset[str]().union(*own))),
            declared=reasons,
        )


def _standing(row: Mapping[str, Standing]) -> dict[str, _Stood]:
    return {name: _Stood(each.outcome, frozenset(each.rules)) for name, each in row.items()}


def _covered(
    results: Results, compared: _Compared, kind: Kind, case: str, stood: Mapping[str, _Stood]
) -> tuple[bool, tuple[ReasonOfDifference, ...]]:
    """Whether each two subjects that differ are told apart by a declaration, or a skip; and all of these."""
    covered, reasons = True, dict[ReasonOfDifference, None]()
    for (one, its), (other, others) in itertools.combinations(stood.items(), 2):
        rules = None if its.words == others.words else its.rules ^ others.rules
        subjects = [each for name in (one, other) if (each := results.subject(name)) is not None]
        mine = compared.between(kind, case, subjects[0], subjects[1], rules) if len(subjects) == 2 else []
        if rules is None:
            continue
        mine += [each.explained for each in (its, others) if each.explained]
        covered &= bool(mine)
        reasons |= dict.fromkeys(mine)
    return covered, tuple(reasons)


def _alike(stood: Mapping[str, _Stood]) -> tuple[StoodRecord, ...]:
    """The subjects that stand alike, together."""
    by_words: dict[str, list[str]] = {}
    for name, each in stood.items():
        by_words.setdefault(each.words, []).append(name)
    return tuple(StoodRecord(words=words, subjects=tuple(names)) for words, names in by_words.items())


def _tables(run: Path, ran: Mapping[str, CaseResult], names: Sequence[str]) -> Tables:
    """What the model expected for each subject for which the case passed or failed, if it kept that."""
    found = {}
    for name in names:
        result = ran.get(name)
        if result is None or result.verdict is Verdict.INCONCLUSIVE:
            continue
        folders = dict.fromkeys(path for finding in result.findings for path in finding.evidence)
        tables = (expected_table.read(run / folder) for folder in folders)
        kept = next((table for table in tables if table is not None), None)
        if kept is not None:
            found[name] = kept
    return found


def _common(tables: Tables) -> dict[str, dict[str, Standing]]:
    """The rows that all subjects have, in their order, by subject. What one of them did not come to is not compared."""
    if len(tables) < 2:
        return {}
    by_row = {name: {each.row: each for each in table} for name, table in tables.items()}
    first, *others = by_row.values()
    rows = [row for row in first if all(row in each for each in others)]
    return {row: {name: table[row] for name, table in by_row.items()} for row in rows}


def _holds(declaration: Declaration, subject: SubjectRecord) -> bool:
    gates = [name for name, is_on in subject.gates.items() if is_on]
    return declaration.holds_for(subject.name, subject.mode, subject.version, gates)


def _reason(declaration: Declaration, place: str) -> ReasonOfDifference:
    return ReasonOfDifference(reason=declaration.reason, source=declaration.source, place=place)


def _of_skip(reason: str) -> ReasonOfDifference:
    return ReasonOfDifference(reason=reason, source="what modes have, and what faults need", place=SKIP)


def _of_defect(names: str) -> ReasonOfDifference:
    return ReasonOfDifference(reason=f"known defect: {names}", source=REGISTER, place=REGISTER)
