"""Truth: each answer at each frontend is one that the model allows. Cases that declare are judged by these checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from gauntlet.checkers.observed import Names, observed
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome as Seen
from gauntlet.semantics.asked import Effort, Row, enough_to_meet, enough_to_stay
from gauntlet.semantics.outcomes import SourceKind
from gauntlet.semantics.truth_table import Observed, Question, TruthTable, agrees

CHECK = "truth-table"
_MOST_WRONG = 12
_MOST_RIGHT = 6
_SHOWN = 8
# Behind the words of a step: it is about what went on there from an earlier one.
OF_FLOWS = ": flows"


@dataclass(frozen=True)
class Judged:
    """One step of a case: its rows, all attempts that were made at them, and what is needed to tell what they mean.

    `own` are the addresses of each node's interfaces; `rules` what the nodes that decided had, by node, read while it
    was wrong. `unasked` says by the number of a row why nobody asked it; `left_out` more rows, that are to be refused,
    nobody was to ask, as the kernels refuse a client only so often. `translated` are clients whose address a network on
    the way may change: what a backend sees of them is not judged.
    """

    words: str
    rows: tuple[Row, ...]
    attempts: pl.DataFrame
    names: Names
    own: Mapping[str, frozenset[str]]
    rules: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unasked: Mapping[int, str] = field(default_factory=dict)
    left_out: int = 0
    translated: frozenset[str] = frozenset()


_At: TypeAlias = tuple[Judged, Row]


@dataclass
class _Rows:
    """Rows of which a check has something to say: a line for each, and where it was asked."""

    lines: list[str] = field(default_factory=list)
    at: list[_At] = field(default_factory=list)

    def add(self, line: str, at: _At) -> None:
        self.lines.append(line)
        self.at.append(at)


def truth(steps: Sequence[Judged]) -> Finding:
    """Every attempt saw a reaction, and a backend, that the model allows. The figure counts rows that disagree.

    A row that nobody asked is inconclusive, unless another row fails.
    """
    check = CHECK
    wrong, unasked, asked, details = list[_At](), list[str](), 0, list[str]()
    for step in steps:
        seen = observed(step.rows, step.attempts, step.names)
        bad = [row for row in step.rows if row.number in seen and not agrees(row.outcome, seen[row.number])]
        asked += len(seen)
        wrong += [(step, row) for row in bad]
        unasked += [_unasked(step, row) for row in step.rows if row.number not in seen]
        if bad:
            details += [f"step '{step.words}':", *_table(step, bad, seen)]
    if wrong:
        reason = f"{len(wrong)} of {asked} rows are not as the model says"
        failed = Finding(check, Verdict.FAIL, reason, float(len(wrong)), "rows", 0.0, details=tuple(details))
        return _placed(failed, wrong)
    if unasked or not asked:
        reason = f"{len(unasked)} rows were not asked" if unasked else "no row was asked"
        return Finding(check, Verdict.INCONCLUSIVE, reason, details=tuple(unasked[:_SHOWN]))
    reason = f"all {asked} rows of {len(steps)} steps are as the model says"
    details = [f"step '{step.words}': {step.left_out} rows were not asked" for step in steps if step.left_out]
    if details:
        left_out = sum(step.left_out for step in steps)
        reason += f"; {left_out} more were not asked: kernels refuse a client only so often"
    return Finding(check, Verdict.PASS, reason, 0.0, "rows", 0.0, details=tuple(details))


def sources(steps: Sequence[Judged]) -> Finding | None:
    """Each backend saw a client's address that the model allows. The figure counts replies that say otherwise.

    None if nothing was to be answered: there is nothing to see.
    """
    check, wrong, told = "source-address", _Rows(), 0
    for step in steps:
        by_number = {row.number: row for row in step.rows}
        replies = step.attempts.filter(pl.col("seen_source_ip").is_not_null() & (pl.col("outcome") == str(Seen.OK)))
        kinds = replies.group_by("row", "backend", "seen_source_ip").len().sort("row", "backend", "seen_source_ip")
        for number, name, address, count in kinds.iter_rows():
            row = by_number[number]
            allowed = _allowed(row, step.names.of_answer(row, name), step.own)
            if allowed is None or row.client in step.translated:
                continue
            told += count
            if address not in allowed:
                shown = ", ".join(sorted(allowed))
                wrong.add(f"{_asked(step, row)}: {address}, not {shown}", (step, row))
    answered = [(step, row) for step in steps for row in step.rows if row.is_answered]
    answered = [(step, row) for step, row in answered if row.client not in step.translated]
    if not answered:
        return None
    if not told:
        return _placed(Finding(check, Verdict.INCONCLUSIVE, "no backend said which address it saw"), answered)
    if wrong.lines:
        reason, details = f"backends saw an address that the model does not allow: {wrong.lines[0]}", tuple(wrong.lines)
        failed = Finding(check, Verdict.FAIL, reason, float(len(details)), "kinds of replies", 0.0, details=details)
        return _placed(failed, wrong.at)
    reason = f"in all of {told} replies the backend saw an address that the model allows"
    return Finding(check, Verdict.PASS, reason, 0.0, "kinds of replies", 0.0)


def every_backend(steps: Sequence[Judged]) -> Finding | None:
    """Where enough was asked, each endpoint was met. The figure counts rows where one was not.

    None if no row was asked for that.
    """
    missed, few, good = _Rows(), _Rows(), 0
    for step, row, met in _met(steps, Effort.EVERY_BACKEND):
        wanted = {str(each) for each in row.outcome.balanced}
        if not row.is_answered:
            continue
        missing = sorted(wanted - set(met))
        if not missing:
            good += 1
            continue
        line = f"{_asked(step, row)}: never {', '.join(missing)}"
        is_enough = len(met) >= enough_to_meet(len(wanted))
        (missed if is_enough else few).add(f"{line} in {len(met)} attempts", (step, row))
    reason = f"each endpoint was met at all {good} rows"
    return _of_rows("every-backend", "an endpoint gets no connections", missed, few, reason if good else None)


def one_backend(steps: Sequence[Judged]) -> Finding | None:
    """With sessionAffinity ClientIP each client kept its backend at each frontend. The figure counts rows that did not.

    None if no row has affinity.
    """
    strayed, few, good = _Rows(), _Rows(), 0
    for step, row, met in _met(steps, None):
        if row.outcome.affinity_timeout_s is None or not met:
            continue
        line = f"{_asked(step, row)}: {', '.join(sorted(set(met)))}"
        if len(set(met)) > 1:
            strayed.add(line, (step, row))
        elif row.effort is Effort.ONE_BACKEND and len(met) < enough_to_stay(len(row.outcome.balanced)):
            few.add(f"{line} in {len(met)} attempts", (step, row))
        else:
            good += 1
    reason = f"one backend at each of {good} rows"
    return _of_rows("affinity", "a client met several backends", strayed, few, reason if good else None)


def findings(steps: Sequence[Judged]) -> tuple[Finding, ...]:
    """All of them that have something to say."""
    made = (truth(steps), sources(steps), every_backend(steps), one_backend(steps))
    return tuple(each for each in made if each is not None)


def _met(steps: Sequence[Judged], effort: Effort | None) -> Iterator[tuple[Judged, Row, list[str]]]:
    """The rows of an effort (or all), each with the backends of its replies, one a reply."""
    for step in steps:
        replies = step.attempts.filter(pl.col("outcome") == str(Seen.OK)).group_by("row").agg(pl.col("backend"))
        by_number = dict(replies.iter_rows())
        for row in step.rows:
            if effort is None or row.effort is effort:
                yield step, row, [step.names.of_answer(row, name) for name in by_number.get(row.number, ())]


def _of_rows(check: str, trouble: str, wrong: _Rows, few: _Rows, good: str | None) -> Finding | None:
    """A finding that counts the rows that are `wrong`; `few` are those that were asked too little to tell.

    `good` is the reason if there are neither; None if there is nothing to say then.
    """
    if wrong.lines:
        reason, details = f"{trouble}: {wrong.lines[0]}", tuple(wrong.lines[:_SHOWN])
        found = Finding(check, Verdict.FAIL, reason, float(len(wrong.lines)), "rows", 0.0, details=details)
        return _placed(found, wrong.at)
    if few.lines:
        reason = f"too few attempts to tell: {few.lines[0]}"
        return _placed(Finding(check, Verdict.INCONCLUSIVE, reason, details=tuple(few.lines[:_SHOWN])), few.at)
    return None if good is None else Finding(check, Verdict.PASS, good, 0.0, "rows", 0.0)


def _placed(finding: Finding, where: Sequence[_At]) -> Finding:
    """The same with the steps that failed, those of their flows by themselves, and the nodes that decided."""
    parts = (f"{step.words}{OF_FLOWS if row.flow else ''}" for step, row in where)
    nodes = (node for _, row in where for node in row.outcome.decided_by.split(", ") if node)
    return replace(finding, parts=tuple(dict.fromkeys(parts)), nodes=tuple(sorted(set(nodes))))


def _allowed(row: Row, backend: str, own: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    """The addresses that a backend may see; None if it should not have answered, which is another check's."""
    found = next((each.backend for each in row.outcome.answers if str(each.backend) == backend), None)
    if found is None:
        return None
    allowed = set[str]()
    for source in row.outcome.sources(found):
        if source.kind is SourceKind.CLIENT:
            allowed.add(row.place.address)
        elif source.kind is SourceKind.FRONTEND:
            allowed.add(row.frontend.address)
        else:
            allowed |= own.get(source.node, frozenset())
    return frozenset(allowed)


def _asked(step: Judged, row: Row) -> str:
    return f"'{step.words}', {row.question.client} at {row.question.frontend}"


def _unasked(step: Judged, row: Row) -> str:
    why = step.unasked.get(row.number, "no attempt came back")
    return f"{_asked(step, row)}: {why}"


def _table(step: Judged, bad: Sequence[Row], seen: Mapping[int, Observed]) -> list[str]:
    """Both tables side by side, what disagrees first; and the rules of the nodes that decided it."""
    services = {row.service for row in bad}
    right = [row for row in step.rows if row not in bad and row.service in services and row.number in seen]
    shown = [*bad[:_MOST_WRONG], *right[:_MOST_RIGHT]]
    questions: dict[Question, Row] = {row.question: row for row in reversed(shown)}
    ordered = [row for row in shown if questions[row.question] is row]
    table = TruthTable(
        {row.question: row.outcome for row in ordered}, {row.question: seen[row.number] for row in ordered}
    )
    more = [f"... and {len(bad) - _MOST_WRONG} more rows that disagree"] if len(bad) > _MOST_WRONG else []
    agreeing = len(step.rows) - len(bad) - len(ordered) + len(bad[:_MOST_WRONG])
    return [*table.report(step.rules).splitlines(), *more, f"... {max(0, agreeing)} more rows agree"]
