"""The report's answers in words: may this cluster take this subject, and what stands against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gauntlet.ground.finding import Verdict
from gauntlet.report.figures import measured, shown
from gauntlet.report.names import anchor, command, title
from gauntlet.report.results import Account, FindingRecord, Results
from gauntlet.report.upgrade_record import UpgradeRecord, with_known_defects

ANSWERS = {Verdict.PASS: "Yes", Verdict.FAIL: "No", Verdict.INCONCLUSIVE: "Not known"}
# Of a run that passed, but that was not the gate.
UNDECIDED = "Not decided"
# Of the kube-proxy that a cluster has before its upgrade.
NOT_ASKED = "Not asked"


@dataclass(frozen=True)
class Headline:
    """The answer for one subject; what passed without being the gate is not decided, and inconclusive here.

    `longest` is the longest outage seen with it, empty if there was none. `known_defects` are the names of those that
    were seen; the answer says how many.
    """

    subject: str
    verdict: Verdict
    answer: str
    sentence: str
    longest: str
    known_defects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """A case that failed or stayed inconclusive for one subject, what explains it, and how to run it again."""

    case: str
    title: str
    anchor: str
    subject: str
    verdict: Verdict
    findings: tuple[FindingRecord, ...]
    account: Account
    command: str


def headline(results: Results, subject: str) -> Headline:
    verdict, answer = results.verdict_of(subject), ANSWERS[results.verdict_of(subject)]
    why_not = results.undecided(subject)
    if verdict is Verdict.PASS and why_not:
        verdict, answer = Verdict.INCONCLUSIVE, UNDECIDED
    if results.upgrade is not None:
        verdict, answer, why_not = _of_upgrade(results.upgrade, subject, verdict)
    sentence = f"{_sentence(results, subject)} {why_not[:1].upper()}{why_not[1:]}{'.' if why_not else ''}".strip()
    known = results.known_defects(subject)
    if verdict is not Verdict.FAIL and results.upgrade is None:
        answer = with_known_defects(answer, len(known))
    return Headline(subject, verdict, answer, sentence, _longest(results, subject), known)


def _of_upgrade(upgrade: UpgradeRecord, subject: str, verdict: Verdict) -> tuple[Verdict, str, str]:
    """Verdict, answer and what is to be said of it: the answer of an upgrade is about the next kube-proxy."""
    if subject == upgrade.today:
        return verdict, NOT_ASKED, "it is today's: its cases are of before the upgrade and of the way back"
    not_run = f"not run: {', '.join(upgrade.not_run)}" if upgrade.not_run else ""
    return upgrade.verdict, upgrade.whole_words.capitalize(), not_run


def known_defects(results: Results) -> tuple[str, ...]:
    """A line for each known defect that cases saw of a subject, with the cases."""
    seen: dict[tuple[str, str], dict[str, None]] = {}
    for each in results.findings:
        if each.known_defect:
            seen.setdefault((each.subject, each.known_defect), {})[title(each.case)] = None
    return tuple(f"{subject}: known defect {name} ({', '.join(cases)})" for (subject, name), cases in seen.items())


def undecided(results: Results) -> tuple[str, ...]:
    """A line for each subject that passed what ran, without that being enough to say that a cluster may take it.

    An upgrade has an answer of its own.
    """
    if results.upgrade is not None:
        return ()
    return tuple(
        f"{subject}: {why_not}: not decided"
        for subject in results.names
        if results.verdict_of(subject) is Verdict.PASS and (why_not := results.undecided(subject))
    )


def troubles(results: Results) -> tuple[Trouble, ...]:
    """Every case that did not pass, failed ones first; without those that known defects explain."""
    found = [
        Trouble(
            result.case,
            title(result.case),
            anchor(result.case),
            result.subject,
            result.verdict,
            tuple(finding for finding in result.findings if finding.verdict.blocks),
            results.account(result.case, result.subject),
            repeat(results, result.case, result.subject),
        )
        for result in results.cases()
        if result.verdict.blocks
    ]
    return tuple(sorted(found, key=lambda trouble: trouble.verdict is not Verdict.FAIL))


def repeat(results: Results, case: str, subject: str) -> str:
    """The command that runs one case of a run again for one subject; of an upgrade, which has no cases, all of it."""
    if results.upgrade is not None:
        return results.reproduce
    return command(case, subject, results.written(subject), results.options, results.environment)


def _sentence(results: Results, subject: str) -> str:
    counts = Counter(result.verdict for result in results.cases() if result.subject == subject)
    total = counts.total()
    parts = []
    if not total:
        parts.append("No case ran with it, so nothing was learnt.")
    elif counts[Verdict.PASS] == total:
        parts.append("The only case passed." if total == 1 else f"All {total} cases passed.")
    else:
        words = [
            (counts[Verdict.FAIL], "failed"),
            (counts[Verdict.INCONCLUSIVE], "inconclusive"),
            (counts[Verdict.KNOWN_DEFECT], "failed by known defects"),
        ]
        parts.append(
            f"Of {total} {'case' if total == 1 else 'cases'}, "
            + ", ".join(f"{count} {word}" for count, word in words if count)
            + "."
        )
    skipped = sum(skip.subject == subject for skip in results.skipped)
    if skipped:
        parts.append(f"{skipped} skipped as unsupported.")
    if results.incomplete:
        parts.append("The run did not finish.")
    return " ".join(parts)


def _longest(results: Results, subject: str) -> str:
    longest = measured((finding for finding in results.findings if finding.subject == subject), "outage")
    if longest is None or not longest.figure:
        return ""
    return f"Longest outage {shown(longest.figure, 's')} ({title(longest.case)})."
