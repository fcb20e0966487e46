"""The judge of one case: takes its findings, and explains it if one of them does not let it pass."""

from __future__ import annotations

from collections.abc import Iterable

from gauntlet.checkers.advice import advised
from gauntlet.checkers.known_defects import Known
from gauntlet.checkers.terms import under
from gauntlet.ground.cluster import Cluster
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.finding import Finding, Verdict, undecided
from gauntlet.promises.slo import Terms
from gauntlet.report import failure, ledger, results
from gauntlet.report.case import Case
from gauntlet.traffic.evidence import Evidence

EXPLANATION = "explanation.txt"


class Judge:
    """Call it with findings, singly or in lists. `conclude` is called when the test function has ended."""

    def __init__(
        self, case: Case, expected: str, command: str, cluster: Cluster, evidence: Evidence, known: Known
    ) -> None:
        """`known` is what the register of known defects has of this case, on this cluster."""
        self.case = case
        self.findings: list[Finding] = []
        self._promise = ""
        self._decision = failure.Decision()
        self._told: failure.Decision | None = None
        self._files: tuple[str, ...] = ()
        self._expected = expected
        self._command = command
        self._cluster = cluster
        self._evidence = evidence
        self._known = known

    def __call__(self, *findings: Finding | Iterable[Finding], terms: Terms | None = None) -> None:
        """Take findings. `terms` is the SLO that they were held against, if there is one."""
        for given in findings:
            taken = [given] if isinstance(given, Finding) else given
            self.findings += taken if terms is None else under(terms, taken)
        if terms is not None:
            self._promise = terms.sentence

    def tell_rules(self, node: str, rules: Iterable[str]) -> None:
        """Explain the case, if it does not pass, by these rules of a node: they were read when it was asked."""
        self._told = failure.Decision(node, tuple(rules))

    def blame(self, verdict: Verdict, error: BaseException) -> str:
        """Make a finding of the error that ended the test function, and return the message about it."""
        words = error.what if isinstance(error, GauntletError) else f"{type(error).__name__}: {error}"
        remedy = error.remedy if isinstance(error, GauntletError) else ""
        reason, kept = (words.splitlines() or [type(error).__name__])[0], (self._evidence.extent(),)
        self.findings = self._known.explain(self.findings)
        self.findings.append(Finding("case", verdict, reason, details=kept, remedy=remedy))
        return self._explain()

    def conclude(self) -> str | None:
        """What explains why the case does not pass; None if it does.

        It does if some of its findings pass or are explained by a known defect, and all others are measured.
        """
        self.findings = self._known.explain([*self.findings, *undecided(self.findings)])
        self.findings += self._known.surprises(self.findings)
        if any(finding.verdict.blocks for finding in self.findings):
            return self._explain()
        return None

    def properties(self) -> list[tuple[str, object]]:
        """The findings and what explains them as user properties of the test report (JSON of records)."""
        records = results.records(self.case.name, self.case.subject, self.findings, self._evidence.files())
        account = results.Account(
            case=self.case.name,
            subject=self.case.subject,
            expected=self._expected,
            promise=self._promise,
            node=self._decision.node,
            rules=self._decision.rules,
            files=self._files,
        )
        return [
            *((ledger.FINDING, record.model_dump_json()) for record in records),
            (ledger.ACCOUNT, account.model_dump_json()),
        ]

    def _explain(self) -> str:
        """What a failing case prints. It is kept as evidence, with the logs of the nodes that it is about."""
        self.findings = [advised(finding) for finding in self.findings]
        seen = self._evidence.history()
        self._decision = self._told or failure.decision(seen.attempts, self.findings, self._cluster)
        text = failure.message(
            self.case,
            self._expected,
            self._promise,
            self._command,
            tuple(self.findings),
            self._decision,
            self._evidence,
        )
        concerned = {self._decision.node, *seen.events["node"].drop_nulls().to_list()}
        self._files = (
            self._evidence.keep(EXPLANATION, f"{text}\n"),
            *failure.save_logs(self._cluster, concerned, self._evidence),
        )
        return text
