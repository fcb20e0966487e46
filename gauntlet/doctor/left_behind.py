"""Clusters of this user that are there in part."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.doctor.check import Check, State
from gauntlet.providers.registry import provider


def left_behind(source: str) -> Iterator[Check]:
    """Those of this provider: nobody can use them, and what is there takes room."""
    for name, error in provider(source).broken().items():
        yield Check(f"{source} cluster {name}", State.NOTE, error.what, error.remedy)
