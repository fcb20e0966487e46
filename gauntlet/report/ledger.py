"""Ledger: what the cases of a run reported, gathered and turned into results."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gauntlet.ground.environment import command_line
from gauntlet.ground.finding import Finding, interrupted
from gauntlet.report import case as cases
from gauntlet.report import results
from gauntlet.report.case import Case
from gauntlet.report.results import Account, FindingRecord, GateCases, Results, Skip
from gauntlet.report.subject_record import SubjectRecord
from gauntlet.subject import Subject

# Names of the properties by which a case reports what it found, and its cluster.
FINDING = "finding"
ACCOUNT = "account"
SKIP = "skip"
KUBERNETES = "kubernetes"
KUBE_PROXY = "kube-proxy"
KERNEL = "kernel"
FAMILIES = "families"
ORIGIN = "origin"
PROXY_SHA256 = "kube-proxy-sha256"
# JSON: the versions of kube-proxy by node, if they differ.
VERSIONS = "kube-proxy-versions"
# Those that are about the subject, by the field of its record that they fill.
OF_SUBJECT = {
    KUBERNETES: "control_plane",
    KUBE_PROXY: "version",
    KERNEL: "kernel",
    FAMILIES: "families",
    ORIGIN: "origin",
    PROXY_SHA256: "sha256",
}


@dataclass(frozen=True)
class RunRecord:
    """What is known of a run before its first case.

    `version` is that of a control plane of which no case reports. `options` are those that each of its cases needs to
    run again, `command` is how pytest was started. `gate` holds the cases of the gate by subject, without declared
    skips.
    """

    subjects: tuple[Subject, ...]
    provider: str
    version: str
    seed: int
    options: tuple[str, ...]
    environment: Mapping[str, str]
    command: Sequence[str]
    gate: Mapping[str, frozenset[Case]]


@dataclass
class Entry:
    """What one case reported so far, and how long it took. `troubles` are findings about its run, beside its own.

    `is_over` says that it came to its end, with all that was made for it taken away.
    """

    findings: tuple[FindingRecord, ...] = ()
    account: Account | None = None
    skip: str | None = None
    troubles: list[Finding] = field(default_factory=list)
    took_s: float = 0.0
    is_over: bool = False

    def take(self, properties: Iterable[tuple[str, object]]) -> None:
        """Later reports of a case repeat the properties of the earlier ones: the last says all."""
        values = [(name, str(value)) for name, value in properties]
        self.findings = tuple(FindingRecord.model_validate_json(value) for name, value in values if name == FINDING)
        accounts = [Account.model_validate_json(value) for name, value in values if name == ACCOUNT]
        self.account = accounts[-1] if accounts else None
        self.skip = next((value for name, value in values if name == SKIP), None)

    @property
    def timed(self) -> Account | None:
        """What the case says of itself, with how long it took."""
        return None if self.account is None else self.account.model_copy(update={"took_s": round(self.took_s, 3)})

    @property
    def was_interrupted(self) -> bool:
        """Whether its run ended while it was under way, and nothing came of it."""
        return not (self.is_over or self.findings or self.troubles) and self.skip is None

    @property
    def blocks(self) -> bool:
        """Whether one of its findings explains that the case does not pass."""
        return any(finding.verdict.blocks for finding in self.findings)


class Ledger:
    """The cases that are to run, and what each has reported."""

    def __init__(self, run: RunRecord) -> None:
        self._run = run
        self._started = datetime.now(UTC)
        self._planned: dict[Case, None] = {}
        self._uncollected: dict[str, None] = {}
        self._entries: dict[Case, Entry] = {}
        self._subjects = {subject.name: SubjectRecord.of(subject) for subject in run.subjects}

    @property
    def is_empty(self) -> bool:
        """Whether there was no case to run, and no file in which one could have been."""
        return not (self._planned or self._entries or self._uncollected)

    def plan(self, node_ids: Iterable[str]) -> None:
        """Note the cases that are to run."""
        planned = (self.case(node_id) for node_id in node_ids)
        self._planned.update((case, None) for case in planned if case is not None)

    def lack(self, node_id: str) -> None:
        """Note what could not be collected: nobody knows which cases it has, and pytest may run all others."""
        self._uncollected[node_id] = None

    def case(self, node_id: str) -> Case | None:
        """The case behind a pytest node id; None for other tests."""
        return cases.of_node_id(node_id, self._subjects)

    def entry(self, case: Case) -> Entry:
        """What this case has reported; a new entry if that is nothing yet."""
        return self._entries.setdefault(case, Entry())

    def take(self, case: Case, properties: Sequence[tuple[str, object]]) -> None:
        """Take down what a case reports of itself, and what only its cluster knows of the subject."""
        self.entry(case).take(properties)
        values = {name: str(value) for name, value in properties}
        seen: dict[str, object] = {name: values[key] for key, name in OF_SUBJECT.items() if key in values}
        if VERSIONS in values:
            seen["versions"] = json.loads(values[VERSIONS])
        if seen:
            self._subjects[case.subject] = self._subjects[case.subject].model_copy(update=seen)

    def cut_short(self, why: str) -> str:
        """Why a run is incomplete that ended early."""
        return f"{why}: {len(self._left())} of {len(self._planned)} cases had not begun"

    def shortfall(self) -> str:
        """Why a run that came to its end is incomplete; empty if all of its cases ran."""
        left = self._left()
        if left:
            return f"{len(left)} of {len(self._planned)} cases did not run, the first {left[0].node_id}"
        return ""

    def results(self, incomplete: str) -> Results:
        """All that was reported so far, as results.json has it. `incomplete` says why that is not all, if it is not.

        What could not be collected is said as well.
        """
        run = self._run
        uncollected = f"not collected: {', '.join(self._uncollected)}" if self._uncollected else ""
        skipped = tuple(
            Skip(case=case.name, subject=case.subject, reason=entry.skip)
            for case, entry in self._entries.items()
            if entry.skip is not None
        )
        return Results(
            tool=tool(),
            kubernetes=self._kubernetes(),
            provider=run.provider,
            command=command_line(list(run.command), run.environment),
            seed=run.seed,
            started=self._started,
            finished=datetime.now(UTC),
            subjects=tuple(self._subjects.values()),
            findings=tuple(self._findings()),
            accounts=tuple(each for entry in self._entries.values() if (each := entry.timed) is not None),
            skipped=skipped,
            reproduce=command_line(
                ["pytest", *_without_seed(run.command[1:]), f"--kp-seed={run.seed}"], run.environment
            ),
            options=run.options,
            environment=dict(run.environment),
            gate={subject: self._share(of_gate) for subject, of_gate in run.gate.items()},
            incomplete="; ".join(filter(None, (uncollected, incomplete))),
        )

    def _kubernetes(self) -> str:
        """The version of the control plane: that of the first subject of which it is known."""
        known = (each.control_plane for each in self._subjects.values() if each.control_plane)
        return next(known, self._run.version)

    def _left(self) -> list[Case]:
        return [case for case in self._planned if case not in self._entries]

    def _share(self, gate: frozenset[Case]) -> GateCases:
        ran = {case for case, entry in self._entries.items() if entry.skip is None and not entry.was_interrupted}
        return GateCases(ran=len(ran & gate), cases=len(gate))

    def _findings(self) -> Iterable[FindingRecord]:
        for case, entry in self._entries.items():
            yield from entry.findings
            says_nothing = entry.skip is None and not entry.findings
            troubles = [interrupted()] if entry.was_interrupted else entry.troubles
            # What cases share is taken away after the last of them, which may have been skipped.
            if troubles or says_nothing:
                yield from results.records(case.name, case.subject, troubles)


def _without_seed(arguments: Sequence[str]) -> list[str]:
    given = iter(arguments)
    kept = []
    for argument in given:
        if argument == "--kp-seed":
            next(given, None)
        elif not argument.startswith("--kp-seed="):
            kept.append(argument)
    return kept


def tool() -> str:
    """This gauntlet and its version, as results name what made them."""
    try:
        version = importlib.metadata.version("kube-proxy-gauntlet")
    except importlib.metadata.PackageNotFoundError:
        version = "from the checkout"
    return f"kube-proxy-gauntlet {version}"
