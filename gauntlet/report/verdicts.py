"""The report's answers in words: may this cluster take this mode, and what stands against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import Verdict
from gauntlet.report.figures import measured, shown
from gauntlet.report.names import anchor, command, title
from gauntlet.report.results import Account, FindingRecord, Results

ANSWERS = {Verdict.PASS: "Yes", Verdict.FAIL: "No", Verdict.INCONCLUSIVE: "Not known"}
# Of a run that passed, but that was not the gate.
UNDECIDED = "Not decided"


@dataclass(frozen=True)
class Headline:
    """The answer for one mode; what passed without being the gate is not decided, and inconclusive here.

    `longest` is the longest outage seen in it, empty where none was.
    """

    mode: ProxyMode
    verdict: Verdict
    answer: str
    sentence: str
    longest: str


@dataclass(frozen=True)
class Trouble:
    """A case that failed or stayed inconclusive in one mode, what explains it, and how to run it again."""

    case: str
    title: str
    anchor: str
    mode: ProxyMode
    verdict: Verdict
    findings: tuple[FindingRecord, ...]
    account: Account
    command: str


def headline(results: Results, mode: ProxyMode) -> Headline:
    verdict, answer = results.verdict_of(mode), ANSWERS[results.verdict_of(mode)]
    why_not = results.undecided(mode)
    if verdict is Verdict.PASS and why_not:
        verdict, answer = Verdict.INCONCLUSIVE, UNDECIDED
    sentence = f"{_sentence(results, mode)} {why_not[:1].upper()}{why_not[1:]}{'.' if why_not else ''}".strip()
    return Headline(mode, verdict, answer, sentence, _longest(results, mode))


def undecided(results: Results) -> tuple[str, ...]:
    """A line for each mode that passed what ran, without that being enough to say that a cluster may take it."""
    return tuple(
        f"{mode}: {why_not}: not decided"
        for mode in results.modes
        if results.verdict_of(mode) is Verdict.PASS and (why_not := results.undecided(mode))
    )


def troubles(results: Results) -> tuple[Trouble, ...]:
    """Every case that did not pass, failed ones first."""
    found = [
        Trouble(
            result.case,
            title(result.case),
            anchor(result.case),
            result.mode,
            result.verdict,
            tuple(finding for finding in result.findings if finding.verdict.blocks),
            results.account(result.case, result.mode),
            command(result.case, result.mode, results.options, results.environment),
        )
        for result in results.cases()
        if result.verdict is not Verdict.PASS
    ]
    return tuple(sorted(found, key=lambda trouble: trouble.verdict is not Verdict.FAIL))


def _sentence(results: Results, mode: ProxyMode) -> str:
    counts = Counter(result.verdict for result in results.cases() if result.mode is mode)
    total = counts.total()
    parts = []
    if not total:
        parts.append("No case ran in this mode, so nothing was learnt.")
    elif counts[Verdict.PASS] == total:
        parts.append("The only case passed." if total == 1 else f"All {total} cases passed.")
    else:
        words = [(counts[Verdict.FAIL], "failed"), (counts[Verdict.INCONCLUSIVE], "inconclusive")]
        parts.append(
            f"Of {total} {'case' if total == 1 else 'cases'}, "
            + ", ".join(f"{count} {word}" for count, word in words if count)
            + "."
        )
    skipped = sum(skip.mode is mode for skip in results.skipped)
    if skipped:
        parts.append(f"{skipped} skipped as unsupported.")
    if results.incomplete:
        parts.append("The run did not finish.")
    return " ".join(parts)


def _longest(results: Results, mode: ProxyMode) -> str:
    longest = measured((finding for finding in results.findings if finding.mode is mode), "outage")
    if longest is None or not longest.figure:
        return ""
    return f"Longest outage {shown(longest.figure, 's')} ({title(longest.case)})."
