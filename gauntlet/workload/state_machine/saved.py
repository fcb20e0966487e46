"""Saved sequences: those that failed once, as a file that people read and tests replay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from gauntlet.ground import yamlfile
from gauntlet.ground.errors import UsageError
from gauntlet.workload.state_machine.moves import VALUES, Kind, Move, Sequence


@dataclass(frozen=True)
class Saved:
    """`found` says what it showed, and where."""

    name: str
    found: str
    sequence: Sequence

    def __str__(self) -> str:
        return self.name


class _Move(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Kind
    number: int = 0
    value: str = ""
    pod: int = 0


class _Saved(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    found: str
    steps: tuple[tuple[_Move, ...], ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sequences: tuple[_Saved, ...]


def read(path: Path) -> tuple[Saved, ...]:
    """Raises UsageError if the file does not hold sequences."""
    try:
        held = _File.model_validate(yamlfile.read(path).value)
    except ValidationError as error:
        raise UsageError(f"{path} does not hold sequences of moves: {error}", "write it as `text` does") from None
    made = [
        Saved(each.name, each.found, tuple(tuple(map(_move, step)) for step in each.steps)) for each in held.sequences
    ]
    for each in made:
        for move in (move for step in each.sequence for move in step):
            if move.value not in VALUES[move.kind]:
                known = ", ".join(VALUES[move.kind])
                raise UsageError(f"{path}: sequence {each.name}: {move.kind} {move.value!r}", f"choose from {known}")
    return tuple(made)


def text(of: Iterable[Saved]) -> str:
    """The file that holds these."""
    held = [
        {"name": each.name, "found": each.found, "steps": [[*map(_plain, step)] for step in each.sequence]}
        for each in of
    ]
    return yaml.safe_dump({"sequences": held}, sort_keys=False, width=120)


def _move(of: _Move) -> Move:
    return Move(of.kind, of.number, of.value, of.pod)


def _plain(of: Move) -> Mapping[str, Any]:
    made: dict[str, Any] = {"kind": str(of.kind), "number": of.number}
    if of.value:
        made["value"] = of.value
    if of.kind is Kind.ENDPOINT:
        made["pod"] = of.pod
    return made
