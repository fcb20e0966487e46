"""Known defects: which failures of a case the register explains, and which case should have failed and did not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gauntlet.ground.finding import Finding, Verdict
from gauntlet.promises.known_defects import Hold, KnownDefect, ShownBy

CHECK = "known-defect"

# The log of kube-proxy on the node of this name.
ReadLog = Callable[[str], str]


@dataclass(frozen=True)
class Known:
    """What the register has of one case on one cluster. `verdict` is what an explained failure becomes."""

    entries: tuple[tuple[KnownDefect, ShownBy, Hold], ...]
    read_log: ReadLog
    verdict: Verdict = Verdict.KNOWN_DEFECT

    def explain(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings, those that an entry names in its words.

        What is inconclusive is explained only where a failure is, by the same entry, in the same parts and on the same
        nodes: nobody asks on where an answer was wrong.
        """
        found = [self._explained(each) for each in findings]
        return [self._following(each, [other for other in found if other.known_defect]) for each in found]

    def surprises(self, findings: Sequence[Finding]) -> list[Finding]:
        """A failure for each entry whose case had to fail by what it names, and did not.

        What is inconclusive might have been that failure: then nothing is said.
        """
        if any(each.verdict is Verdict.INCONCLUSIVE for each in findings):
            return []
        return [
            _unseen(entry)
            for entry, _, hold in self.entries
            if hold is Hold.MUST_FAIL and all(each.known_defect != entry.name for each in findings)
        ]

    def _explained(self, finding: Finding) -> Finding:
        if finding.verdict is not Verdict.FAIL or finding.known_defect:
            return finding
        entry = next((entry for entry, shown, _ in self.entries if self._fits(shown, finding)), None)
        return finding if entry is None else self._by(entry, finding)

    def _following(self, finding: Finding, explained: Sequence[Finding]) -> Finding:
        if finding.verdict is not Verdict.INCONCLUSIVE or not finding.parts:
            return finding
        for entry, shown, _ in self.entries:
            mine = [each for each in explained if each.known_defect == entry.name]
            parts = {name for each in mine for name in each.parts}
            nodes = {name for each in mine for name in each.nodes}
            if shown.names(finding.check) and set(finding.parts) <= parts and set(finding.nodes) <= nodes:
                return self._by(entry, finding)
        return finding

    def _by(self, entry: KnownDefect, finding: Finding) -> Finding:
        reason = f"known defect {entry.name}: {finding.reason}"
        return replace(finding, verdict=self.verdict, reason=reason, remedy=entry.users, known_defect=entry.name)

    def _fits(self, shown: ShownBy, finding: Finding) -> bool:
        """Whether it failed nowhere else than the entry says. Without knowing where, it is not explained."""
        if not shown.names(finding.check):
            return False
        if shown.parts and not (finding.parts and set(finding.parts) <= set(shown.parts)):
            return False
        return not shown.log or (
            bool(finding.nodes) and all(shown.log in self.read_log(node) for node in finding.nodes)
        )


def _unseen(entry: KnownDefect) -> Finding:
    reason = f"the case does not fail as the register says it does with known defect {entry.name}"
    remedy = (
        "run the case again; if it passes again, the register (docs/known-defects.yaml) or the case is wrong: "
        "correct the versions of the entry, or what the case asks"
    )
    return Finding(CHECK, Verdict.FAIL, reason, remedy=remedy)
