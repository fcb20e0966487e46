"""The register of saboteurs: a module for each class, `SABOTEURS` in it."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

from tests.saboteurs.register.saboteur import Saboteur

_NO_CLASSES = ("__init__", "saboteur", "cases")


@functools.cache
def all_saboteurs() -> dict[str, Saboteur]:
    """By name, in the order of their names."""
    kinds = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NO_CLASSES)
    found = [each for kind in kinds for each in importlib.import_module(f"{__name__}.{kind}").SABOTEURS]
    return {each.name: each for each in sorted(found, key=lambda each: each.name)}


def part(number: int, of: int) -> tuple[Saboteur, ...]:
    """Part `number` of `of`, counted from 1: every so many-th, so that each part has some of each class."""
    return tuple(all_saboteurs().values())[number - 1 :: of]
