"""Declared differences: in what subjects may differ, for a reason. Read from `differences.yaml`.

A declaration holds for some subjects and not for others. It covers a difference between two of which it holds for one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.version import minor_of
from gauntlet.promises import slo_files
from gauntlet.promises.layers import Layer, checked, place_named, whole
from gauntlet.promises.promise import FromText
from gauntlet.promises.slo_files import SloFiles
from gauntlet.semantics.rules import Rule

_FIELD = "differences"
_ANY = "*"
_MINOR = Field(default="", pattern=r"^(\d+\.\d+)?$", description='a minor version in quotes: "1.34"')
_RULES = frozenset(rule.name for rule in Rule)


class Kind(StrEnum):
    """What differs: the verdict of a case, or what the model expects at rows of its truth tables."""

    VERDICT = "verdict"
    ROWS = "rows"


class Declaration(BaseModel):
    """One difference that is as it should be, or that a team lives with."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Annotated[Kind, FromText] = Field(description="verdict or rows")
    case: str = Field(default=_ANY, min_length=1, description="a case, as reports have it; * stands for any letters")
    rules: Annotated[tuple[str, ...], FromText] = Field(
        (),
        description="for rows: names of the model's rules (gauntlet/semantics/rules.py); one decides on one side only",
    )
    modes: Annotated[tuple[Annotated[ProxyMode, FromText], ...], FromText] = Field((), description="list of modes")
    since: str = _MINOR
    before: str = _MINOR
    gate: str = Field("", description="a feature gate that is on: KubeProxyNFTablesLocalhostNodePorts")
    subjects: Annotated[tuple[str, ...], FromText] = Field((), description="list of names of subjects")
    reason: str = Field(min_length=1, description="a sentence: why they differ")
    source: str = Field(min_length=1, description="who says so: a KEP, an issue, a file of Kubernetes")
    always: bool = Field(default=False, description="true or false: whether it fails a run that it did not show up")

    @model_validator(mode="after")
    def _of_some(self) -> Declaration:
        if not (self.modes or self.since or self.before or self.gate or self.subjects):
            raise ValueError("it holds for all subjects, so that it is no difference: say modes, since, before, gate")
        if self.always and self.case == _ANY:
            raise ValueError("to show up always, it has to name its case: not every run has all of them")
        unknown = sorted(set(self.rules) - _RULES)
        if unknown:
            raise ValueError(f"{unknown[0]} is not a rule of gauntlet/semantics/rules.py")
        if self.rules and self.kind is Kind.VERDICT:
            raise ValueError("rules decide rows; a verdict has none")
        return self

    def holds_for(self, name: str, mode: ProxyMode, version: str, gates: Collection[str]) -> bool:
        """Whether it holds for a subject with these gates on."""
        minor = minor_of(version)
        return (
            (not self.modes or mode in self.modes)
            and (not self.since or minor >= minor_of(self.since))
            and (not self.before or minor < minor_of(self.before))
            and (not self.gate or self.gate in gates)
            and (not self.subjects or name in self.subjects)
        )

    def is_about(self, kind: Kind, case: str) -> bool:
        pattern = ".*".join(map(re.escape, self.case.split("*")))
        return self.kind is kind and re.fullmatch(pattern, case) is not None

    def decides(self, rules: Collection[str]) -> bool:
        """Whether it covers rows where these rules decide on one side only."""
        return not self.rules or not set(self.rules).isdisjoint(rules)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    differences: Annotated[tuple[Declaration, ...], FromText] = Field((), description="a list of declared differences")


def load(folder: Path, changes: Path | None = None) -> tuple[tuple[Declaration, str], ...]:
    """The declarations of a whole folder of promises and of a folder of changes, each with its file and line.

    Raises SloError or YamlError (both UsageError), with file and line, for the first mistake.
    """
    return read(slo_files.read_over(folder, changes))


def read(files: Sequence[SloFiles]) -> tuple[tuple[Declaration, str], ...]:
    """The declarations of these folders of promises, together. Raises as `load` does."""
    layers = [whole(each.differences) for each in files if each.differences is not None]
    return tuple(one for layer in layers for one in _of(layer))


def _of(layer: Layer) -> Sequence[tuple[Declaration, str]]:
    declared = checked(_File, [layer]).differences
    return [(each, place_named(layer, (_FIELD, number))) for number, each in enumerate(declared)]
