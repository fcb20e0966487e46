"""The register of known defects: failures of kube-proxy that a run has shown, and that upstream has not mended there.

Read from docs/known-defects.yaml. An entry turns the failures that it names into `known defect`, for the versions and
modes that it names and no others (gauntlet/checkers/known_defects.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gauntlet.ground import yamlfile
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.finding import split_check
from gauntlet.ground.paths import project_root
from gauntlet.ground.version import numbers
from gauntlet.promises.layers import checked, whole
from gauntlet.promises.promise import FromText

NONE_FOUND: Literal["none found"] = "none found"
_VERSION = r"^\d+\.\d+(\.\d+)?$"
_MODES = f"a list of modes: {', '.join(ProxyMode)}"


class Hold(StrEnum):
    """How surely an entry holds for the kube-proxies of a cluster."""

    MUST_FAIL = "the case must fail"
    MAY_FAIL = "the case may fail"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Versions(_Part):
    """From a version on, up to the one that has the fix: `since` is affected, `fixed` is not any more."""

    since: str = Field(pattern=_VERSION, description='the first version affected, in quotes: "1.29" or "1.34.0"')
    fixed: str = Field(default="", pattern=rf"^$|{_VERSION}", description='the first version with the fix: "1.37.0"')

    def affect(self, version: str) -> bool:
        """Whether a kube-proxy of this version is among them. A pre-release counts as the release."""
        release = numbers(version)
        return numbers(self.since) <= release and (not self.fixed or release < numbers(self.fixed))

    def __str__(self) -> str:
        return f"{self.since} to before {self.fixed}" if self.fixed else f"{self.since} on"


class ShownBy(_Part):
    """A case that shows the defect, by its node id without the subject, and which of its findings the defect explains.

    A case of several parameters is meant in all of them if its name has none. `parts` narrow the failure to parts of
    the case: a declared one's steps, `STEP: flows` for what went on there from an earlier one. `log` narrows it to
    nodes whose kube-proxy has logged these words.
    """

    case: str = Field(min_length=1, description="suites/conformance/test_node_port.py::test_answers")
    findings: Annotated[tuple[str, ...], FromText] = Field(
        min_length=1, description="a list of checks, as reports have them: truth-table, udp-flows-moved"
    )
    parts: Annotated[tuple[str, ...], FromText] = Field(default=(), description="a list of the words of steps")
    log: str = Field(default="", description="words of kube-proxy's log")

    def is_about(self, case: str) -> bool:
        """Whether this is it, as results name cases."""
        return self.case in (case, case.partition("[")[0])

    def names(self, check: str) -> bool:
        """Whether it explains this check; one that is told by kind or Service is meant by its name before the colon."""
        return check in self.findings or split_check(check)[0] in self.findings


class Run(_Part):
    """The run that showed it: subjects that failed, and others, beside them or with the fix, that did not."""

    day: Annotated[date, FromText] = Field(description='a day in quotes: "2026-11-29"')
    failed: Annotated[tuple[str, ...], FromText] = Field(min_length=1, description="subjects with full versions")
    passed: Annotated[tuple[str, ...], FromText] = Field(default=(), description="subjects with full versions")
    figures: str = Field(min_length=1, description="what the run found, in a sentence")


class KnownDefect(_Part):
    """One defect. `sometimes` says why the cases may pass all the same; without it they must fail."""

    number: int | Literal["none found"] = Field(description=f"of the issue in kubernetes/kubernetes, or {NONE_FOUND}")
    also: Annotated[tuple[int, ...], FromText] = Field(default=(), description="a list of further issues")
    title: str = Field(min_length=1, max_length=120, description="the defect in some words")
    wrong: str = Field(min_length=1, description="what goes wrong, in sentences")
    users: str = Field(min_length=1, description="what users can do, in a sentence")
    modes: Annotated[tuple[Annotated[ProxyMode, FromText], ...], FromText] = Field(min_length=1, description=_MODES)
    versions: Annotated[tuple[Versions, ...], FromText] = Field(min_length=1, description="a list of since, fixed")
    gates: Annotated[tuple[str, ...], FromText] = Field(default=(), description="feature gates that must be on")
    cases: Annotated[tuple[ShownBy, ...], FromText] = Field(min_length=1, description="a list of cases")
    sometimes: str = Field(default="", description="why it does not always show, in a sentence")
    run: Run = Field(description="day, failed, passed, figures")

    @property
    def name(self) -> str:
        """What verdicts call it: `135266: an address ...`."""
        return self.title if self.number == NONE_FOUND else f"{self.number}: {self.title}"

    def affects(self, mode: ProxyMode, version: str, gates: Collection[str]) -> bool:
        """Whether a kube-proxy of this mode and version has it, with these gates switched on."""
        there = any(each.affect(version) for each in self.versions)
        return mode in self.modes and there and set(self.gates) <= set(gates)


def issue_of(name: str) -> str:
    """What the names of entries about one issue have in common: there may be one for each range of versions."""
    number = name.partition(":")[0]
    return number if number.isdigit() else name


class Dropped(_Part):
    """A claim that was looked into and is not an entry: it did not hold, or no run could show it."""

    number: int | Literal["none found"]
    claim: str = Field(min_length=1)
    why: str = Field(min_length=1)


class Register(_Part):
    """All known defects, and the claims that are none."""

    defects: Annotated[tuple[KnownDefect, ...], FromText] = Field((), description="a list of known defects")
    dropped: Annotated[tuple[Dropped, ...], FromText] = Field((), description="a list of claims")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [each.name for each in self.defects]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two entries are called {twice!r}: results could not tell them apart")
        return self

    def of_case(
        self, case: str, mode: ProxyMode, versions: Mapping[str, str], gates: Collection[str]
    ) -> tuple[tuple[KnownDefect, ShownBy, Hold], ...]:
        """What may explain a case, on a cluster whose kube-proxies have these versions, by node.

        If only some of them are affected, the case may fail and need not.
        """
        found = []
        for entry in self.defects:
            hit = [entry.affects(mode, each, gates) for each in versions.values()]
            hold = Hold.MUST_FAIL if all(hit) and not entry.sometimes else Hold.MAY_FAIL
            found += [(entry, shown, hold) for shown in entry.cases if any(hit) and shown.is_about(case)]
        return tuple(found)


def shipped() -> Path:
    """The register of this checkout."""
    return project_root() / "docs" / "known-defects.yaml"


def read(path: Path) -> Register:
    """Raises SloError or YamlError, with file and line, for the first mistake."""
    return checked(Register, [whole(yamlfile.read(path))])
