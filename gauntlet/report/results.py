"""The word Results: the canonical record of one run, `results.json`.

JUnit, the HTML page, the GitHub summary and the trends are made from it. Its JSON Schema is
committed beside the report (`python -m gauntlet.report.results` prints it); `schema` changes whenever a
reader of the old form could misread the new one.
"""

from __future__ import annotations

import errno
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from gauntlet.ground import surroundings
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.finding import Finding, Verdict, undecided

SCHEMA: Literal["kube-proxy-gauntlet/results/v1"] = "kube-proxy-gauntlet/results/v1"
FILE = "results.json"
# Folder, in that of a run, of the logs of clusters in which something did not pass.
LOGS = "logs"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FindingRecord(_Record):
    """One finding, with the case and mode it belongs to.

    `case` is pytest's node id without the mode: `suites/chaos/test_flush.py::test_nat_flush[udp]`.
    `figure`, `threshold` and `resolution` are in `unit`. `promise` is the field of the SLO that the figure was held
    against, with its file and line; `remedy` is what to do next. `evidence` holds paths relative to the folder of the
    run.
    """

    case: str = Field(min_length=1)
    mode: ProxyMode
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


class Account(_Record):
    """What one case was to show in one mode and, if it did not pass, what explains that.

    `expected` is the case in a sentence, `promise` the SLO in a sentence, with its file and line. `rules` say what
    `node` does with the traffic that failed, or with that of which there was most, a line each. `files` are paths of
    logs and explanations, relative to the folder of the run.
    """

    case: str = Field(min_length=1)
    mode: ProxyMode
    expected: str
    promise: str = ""
    node: str = ""
    rules: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Skip(_Record):
    """A case that was not run, because the combination is declared unsupported."""

    case: str = Field(min_length=1)
    mode: ProxyMode
    reason: str


class GateCases(_Record):
    """How many of the gate's cases of one mode ran, and how many there are. Declared skips count in neither."""

    ran: int = Field(ge=0)
    cases: int = Field(ge=0)


class Results(_Record):
    """One run. `incomplete` says why a run ended before all of its cases had (Ctrl-C, `-x`).

    `kubernetes` is the version of the control plane, `kube_proxy` that of kube-proxy in each mode, `kernels` that of
    the nodes' kernel in each mode that was begun. `reproduce` is the command that repeats the whole run, `options` what
    pytest needs to run one of its cases again, `environment` the variables that change what is tested. `gate` says for
    each mode how much of the gate the run was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["kube-proxy-gauntlet/results/v1"] = Field(default=SCHEMA, alias="schema")
    tool: str
    kubernetes: str
    kube_proxy: dict[ProxyMode, str] = {}
    kernels: dict[ProxyMode, str] = {}
    provider: str = ""
    command: str
    seed: int
    started: AwareDatetime
    finished: AwareDatetime
    modes: tuple[ProxyMode, ...]
    findings: tuple[FindingRecord, ...]
    accounts: tuple[Account, ...] = ()
    skipped: tuple[Skip, ...] = ()
    reproduce: str
    options: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    gate: dict[ProxyMode, GateCases] = {}
    incomplete: str = ""

    @property
    def verdict(self) -> Verdict:
        """The verdict of the run: the worst of its modes'."""
        modes = {*self.modes, *(finding.mode for finding in self.findings)}
        return worst(self.verdict_of(mode) for mode in modes)

    def verdict_of(self, mode: ProxyMode) -> Verdict:
        """The verdict of one mode. Where nothing was learnt, or the run did not finish, it never passes."""
        verdicts = [finding.verdict for finding in self.findings if finding.mode is mode]
        return worst([*verdicts, Verdict.INCONCLUSIVE] if self.incomplete else verdicts)

    def undecided(self, mode: ProxyMode) -> str:
        """Why this run cannot say that a cluster may take this mode, whatever its cases found; empty if it can."""
        share = self.gate.get(mode)
        if surroundings.PROXY_PATH in self.environment:
            return f"programs of {self.environment[surroundings.PROXY_PATH]} stood before those that kube-proxy calls"
        if share is None:
            return "it is not on record how much of the gate ran"
        if share.ran == share.cases > 0:
            return ""
        return f"{share.ran} of {share.cases} gate cases ran"

    @property
    def word(self) -> str:
        """The run in a word or two: its verdict, or `not decided` for a pass of less than the gate."""
        passed = self.verdict is Verdict.PASS
        return "not decided" if passed and any(map(self.undecided, self.modes)) else str(self.verdict)

    def heading(self, mode: ProxyMode) -> str:
        """The mode, with the version of its kube-proxy where that is not the control plane's: `userspace (1.25.9)`."""
        proxy = self.kube_proxy.get(mode, self.kubernetes)
        return str(mode) if self.kubernetes.startswith(proxy) else f"{mode} ({proxy})"

    @property
    def kernel(self) -> str:
        """`6.18.44`; where modes ran on different ones, `6.18.44 (iptables, nftables), 6.1.176 (ipvs)`."""
        modes: dict[str, list[str]] = {}
        for mode, kernel in self.kernels.items():
            modes.setdefault(kernel, []).append(mode)
        if len(modes) < 2:
            return "".join(modes)
        return ", ".join(f"{kernel} ({', '.join(on_it)})" for kernel, on_it in modes.items())

    def account(self, case: str, mode: ProxyMode) -> Account:
        """What is told of a case in a mode; an account without a word if it left none."""
        told = (each for each in self.accounts if (each.case, each.mode) == (case, mode))
        return next(told, Account(case=case, mode=mode, expected=""))

    def cases(self) -> tuple[CaseResult, ...]:
        """The findings by case and mode, in the order in which they first appear."""
        found: dict[tuple[str, ProxyMode], list[FindingRecord]] = {}
        for finding in self.findings:
            found.setdefault((finding.case, finding.mode), []).append(finding)
        return tuple(CaseResult(case, mode, tuple(findings)) for (case, mode), findings in found.items())


@dataclass(frozen=True)
class CaseResult:
    """What one case found in one mode."""

    case: str
    mode: ProxyMode
    findings: tuple[FindingRecord, ...]

    @property
    def verdict(self) -> Verdict:
        return worst(finding.verdict for finding in self.findings)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """`fail` if any failed, else `inconclusive` if any is, else `pass`. What is only measured does not count.

    None at all, or none but measured ones, are inconclusive.
    """
    seen = set(verdicts) - {Verdict.MEASURED}
    if Verdict.FAIL in seen:
        return Verdict.FAIL
    return Verdict.PASS if seen == {Verdict.PASS} else Verdict.INCONCLUSIVE


def records(
    case: str, mode: ProxyMode, findings: Sequence[Finding], evidence: Sequence[str] = ()
) -> tuple[FindingRecord, ...]:
    """The findings of a case as they go into results.json.

    A case without any finding, or with nothing but measured ones, has decided nothing: it gets one inconclusive
    finding that says so.
    A figure that is no number (an infinite or undefined one) is left out; JSON has no word for it.
    """
    return tuple(
        FindingRecord(
            case=case,
            mode=mode,
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
        )
        for finding in (*findings, *undecided(findings))
    )


def write(results: Results, folder: Path) -> Path:
    """Write `folder/results.json`, whole or not at all, and return its path."""
    text = results.model_dump_json(by_alias=True, indent=2) + "\n"
    return write_whole(folder / FILE, text)


def write_whole(path: Path, text: str) -> Path:
    """Replace the file at `path` by `text` in one step: a reader sees the old or the new, never a half.

    Raises UsageError where the folder is not writable, EnvironmentUnfit where the disk is full.
    """
    try:
        replace_file(path, text)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return path


def load(folder: Path) -> Results:
    """Read `folder/results.json`. Raises UsageError where there is none, or none that can be understood."""
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            f"there is no {path}",
            "name the folder of a run: results/latest, or results/latest-selection after a run of some cases",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "run the gauntlet again to make a new one") from error
    try:
        return Results.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(f"{path} {_misfit(text, error)}", _cure(text)) from None


def json_schema() -> dict[str, object]:
    """The JSON Schema of results.json as `write` writes it."""
    schema = Results.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _finite(figure: float | None) -> float | None:
    return figure if figure is not None and math.isfinite(figure) else None


def unwritable(folder: Path, error: OSError) -> GauntletError:
    """The error for a folder of results that cannot be written: the disk is full, or the folder is wrong."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentUnfit(
            f"no space is left for results in {folder}: {error.strerror}",
            "free some space, or choose another folder with --kp-results",
        )
    return UsageError(
        f"the results folder {folder} is not writable: {error.strerror}",
        "choose a folder you may write to with --kp-results, or correct its owner and permissions",
    )


def _schema_of(text: str) -> str | None:
    """The `schema` that a file claims; None where it claims none or is not JSON."""
    try:
        claimed = json.loads(text)
    except ValueError:
        return None
    schema = claimed.get("schema") if isinstance(claimed, dict) else None
    return schema if isinstance(schema, str) else None


def _misfit(text: str, error: ValidationError) -> str:
    schema = _schema_of(text)
    if schema not in (None, SCHEMA):
        return f"is of schema {schema!r}; this gauntlet reads {SCHEMA!r}"
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"is not a results file: {where + ': ' if where else ''}{first['msg']}"


def _cure(text: str) -> str:
    if _schema_of(text) not in (None, SCHEMA):
        return "read it with the version of the gauntlet that wrote it (its `tool` field), or run again"
    return "the file was cut short, edited or written by another version: run the gauntlet again to make a new one"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
