"""The word Results: the canonical record of one run.

JUnit, the HTML page, the GitHub summary and the trends are made from it. `schema` changes whenever a reader of the
old form could misread the new one. gauntlet.report.results_file writes and reads it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.finding import Finding, Verdict, undecided
from gauntlet.report.difference_record import DifferencesRecord
from gauntlet.report.subject_record import Record, SubjectRecord
from gauntlet.report.upgrade_record import UpgradeRecord, with_known_defects
from gauntlet.report.watch_record import WatchRecord

SCHEMA: Literal["kube-proxy-gauntlet/results/v2"] = "kube-proxy-gauntlet/results/v2"


class SpreadRecord(Record):
    """How figures of one kind are spread, in the unit of their finding: `of` a node, for example.

    `figures` are all of them, the least first; p50 and p99 are the least that so many per cent do not exceed.
    """

    of: str = Field(min_length=1)
    figures: tuple[float, ...] = Field(min_length=1)
    p50: float
    p99: float
    longest: float
    resolution: float = 0.0


class FindingRecord(Record):
    """One finding, with the case and the name of the subject it belongs to.

    `case` is pytest's node id without the subject: `suites/chaos/test_flush.py::test_nat_flush[udp]`.
    `figure`, `threshold` and `resolution` are in `unit`. `promise` is the field of the SLO that the figure was held
    against, with its file and line; `remedy` is what to do next. `evidence` holds paths relative to the folder of the
    run. `known_defect` is the name of the known defect that explains the failure; empty if none does.
    `spreads` are what a figure was taken from, if it is one of many.
    """

    case: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    check: str = Field(min_length=1)
    verdict: Verdict
    figure: float | None = None
    unit: str = ""
    threshold: float | None = None
    resolution: float | None = None
    reason: str = ""
    details: tuple[str, ...] = ()
    promise: str = ""
    remedy: str = ""
    evidence: tuple[str, ...] = ()
    known_defect: str = ""
    spreads: tuple[SpreadRecord, ...] = ()


class Account(Record):
    """What one case was to show for one subject and, if it did not pass, what explains that.

    `expected` is the case in a sentence, `promise` the SLO in a sentence, with its file and line. `rules` say what
    `node` does with the traffic that failed, or with that of which there was most, a line each. `files` are paths of
    logs and explanations, relative to the folder of the run. `took_s` is how long it took with its set-up, which may
    have been that of others as well; None if that is not known.
    """

    case: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    expected: str
    promise: str = ""
    node: str = ""
    rules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    took_s: float | None = Field(default=None, ge=0)


class Skip(Record):
    """A case that was not run, because the combination is declared unsupported."""

    case: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    reason: str


class GateCases(Record):
    """How many of the gate's cases of one subject ran, and how many there are. Declared skips count in neither."""

    ran: int = Field(ge=0)
    cases: int = Field(ge=0)


class Results(Record):
    """One run. `incomplete` says why a run ended before all of its cases had (Ctrl-C, `-x`).

    `kubernetes` is the version of the control plane, that of the first subject if they differ. `reproduce` is the
    command that repeats the whole run, `options` what pytest needs to run one of its cases again, `environment` the
    variables that change what is tested. `gate` says, by the name of each subject, how much of the gate the run was.
    `upgrade` is of `gauntlet upgrade`, and of `gauntlet watch`, whose change somebody else makes: that one alone has a
    `watch` as well. `differences` are those between its subjects, of a run of several.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["kube-proxy-gauntlet/results/v2"] = Field(default=SCHEMA, alias="schema")
    tool: str
    kubernetes: str
    provider: str = ""
    command: str
    seed: int
    started: AwareDatetime
    finished: AwareDatetime
    subjects: tuple[SubjectRecord, ...]
    findings: tuple[FindingRecord, ...]
    accounts: tuple[Account, ...] = ()
    skipped: tuple[Skip, ...] = ()
    reproduce: str
    options: tuple[str, ...] = ()
    environment: dict[str, str] = Field(default_factory=dict)
    gate: dict[str, GateCases] = Field(default_factory=dict)
    incomplete: str = ""
    upgrade: UpgradeRecord | None = None
    watch: WatchRecord | None = None
    differences: DifferencesRecord | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the subjects, in the order in which they were asked for."""
        return tuple(subject.name for subject in self.subjects)

    def subject(self, name: str) -> SubjectRecord | None:
        """The subject of this name; None if a finding names one that was not asked for."""
        return next((subject for subject in self.subjects if subject.name == name), None)

    def written(self, name: str) -> str:
        """How a command line names the subject of this name."""
        subject = self.subject(name)
        return name if subject is None else subject.written

    @property
    def verdict(self) -> Verdict:
        """The verdict of the run: the worst of its subjects'; a difference between them that is not declared fails."""
        names = {*self.names, *(finding.subject for finding in self.findings)}
        between = () if self.differences is None else self.differences.verdicts
        return worst([*(self.verdict_of(name) for name in names), *between])

    def verdict_of(self, subject: str) -> Verdict:
        """The verdict of one subject. If nothing was learnt, or the run did not finish, it never passes.

        Known defects let it pass: who shows the verdict shows them beside it (`known_defects`).
        """
        verdicts = [finding.verdict for finding in self.findings if finding.subject == subject]
        found = worst([*verdicts, Verdict.INCONCLUSIVE] if self.incomplete else verdicts)
        return Verdict.PASS if found is Verdict.KNOWN_DEFECT else found

    def known_defects(self, subject: str | None = None) -> tuple[str, ...]:
        """The names of the known defects that were seen of a subject, or of all of them, each once."""
        mine = (each for each in self.findings if subject in (None, each.subject))
        return tuple(dict.fromkeys(each.known_defect for each in mine if each.known_defect))

    def undecided(self, subject: str) -> str:
        """Why this run cannot say that a cluster may take this subject, whatever its cases found; empty if it can."""
        share = self.gate.get(subject)
        if PROXY_PATH in self.environment:
            return f"programs of {self.environment[PROXY_PATH]} stood before those that kube-proxy calls"
        if share is None:
            return "it is not on record how much of the gate ran"
        if share.ran == share.cases > 0:
            return ""
        return f"{share.ran} of {share.cases} gate cases ran"

    @property
    def outcome(self) -> Verdict:
        """What the run came to, which its exit code follows: the answer of an upgrade, else the verdict."""
        return self.verdict if self.upgrade is None else self.upgrade.verdict

    @property
    def is_decided(self) -> bool:
        """Whether its outcome is the answer: a pass of less than the gate is not."""
        return self.upgrade is not None or not self._is_less_than_the_gate

    @property
    def word(self) -> str:
        """The run in a word or two: its verdict, or `not decided` for a pass of less than the gate; or its answer.

        Never without the number of its known defects, and how far an answer reaches.
        """
        if self.upgrade is not None:
            return self.upgrade.whole_words
        word = "not decided" if self._is_less_than_the_gate else str(self.verdict)
        return with_known_defects(word, len(self.known_defects()))

    @property
    def _is_less_than_the_gate(self) -> bool:
        return self.verdict is Verdict.PASS and any(map(self.undecided, self.names))

    def question(self, way: str = " to ") -> str:
        """What an answer is of, in words: `iptables to nftables`, or what was watched; empty of a run of cases."""
        if self.upgrade is None:
            return ""
        return self.upgrade.strategy if self.watch else f"{self.upgrade.today}{way}{self.upgrade.next}"

    def heading(self, subject: SubjectRecord) -> str:
        """The subject's name on one line, with what it does not say if that is not plain: `userspace (1.25.9)`."""
        beneath = subject.beneath
        plain = not beneath or f"{self.kubernetes}.".startswith(f"{beneath}.")
        return subject.name if plain else f"{subject.name} ({beneath})"

    def account(self, case: str, subject: str) -> Account:
        """What a case says of itself for a subject; an account without a word if it left none."""
        left = (each for each in self.accounts if (each.case, each.subject) == (case, subject))
        return next(left, Account(case=case, subject=subject, expected=""))

    def cases(self) -> tuple[CaseResult, ...]:
        """The findings by case and subject, in the order in which they first appear."""
        by_case: dict[tuple[str, str], list[FindingRecord]] = {}
        for finding in self.findings:
            by_case.setdefault((finding.case, finding.subject), []).append(finding)
        return tuple(CaseResult(case, subject, tuple(findings)) for (case, subject), findings in by_case.items())

    def by_case(self) -> dict[str, dict[str, CaseResult]]:
        """The same by case: what each came to for each subject that it ran for."""
        by_case: dict[str, dict[str, CaseResult]] = {}
        for result in self.cases():
            by_case.setdefault(result.case, {})[result.subject] = result
        return by_case


@dataclass(frozen=True)
class CaseResult:
    """What one case found about one subject."""

    case: str
    subject: str
    findings: tuple[FindingRecord, ...]

    @property
    def verdict(self) -> Verdict:
        return worst(finding.verdict for finding in self.findings)

    @property
    def known_defects(self) -> tuple[str, ...]:
        """The names of the known defects that it saw, each once."""
        return tuple(dict.fromkeys(each.known_defect for each in self.findings if each.known_defect))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """`fail` if any failed, else `inconclusive` if any is, else `known defect` if any is, else `pass`.

    What is only measured does not count. None at all, or none but measured ones, are inconclusive.
    """
    seen = set(verdicts) - {Verdict.MEASURED}
    if Verdict.FAIL in seen:
        return Verdict.FAIL
    if not seen or Verdict.INCONCLUSIVE in seen:
        return Verdict.INCONCLUSIVE
    return Verdict.KNOWN_DEFECT if Verdict.KNOWN_DEFECT in seen else Verdict.PASS


def records(
    case: str, subject: str, findings: Sequence[Finding], evidence: Sequence[str] = ()
) -> tuple[FindingRecord, ...]:
    """The findings of a case as they go into results.json.

    A case without any finding, or with nothing but measured ones, has decided nothing: it gets one inconclusive
    finding that says so.
    A figure that is not a number (an infinite or undefined one) is left out; JSON has no word for it.
    """
    return tuple(
        FindingRecord(
            case=case,
            subject=subject,
            check=finding.check,
            verdict=finding.verdict,
            figure=_finite(finding.figure),
            unit=finding.unit,
            threshold=_finite(finding.threshold),
            resolution=_finite(finding.resolution),
            reason=finding.reason,
            details=finding.details,
            promise=finding.promise,
            remedy=finding.remedy,
            evidence=tuple(evidence),
            known_defect=finding.known_defect,
            spreads=tuple(SpreadRecord(**asdict(each)) for each in finding.spreads),
        )
        for finding in (*findings, *undecided(findings))
    )


def _finite(figure: float | None) -> float | None:
    return figure if figure is not None and math.isfinite(figure) else None
