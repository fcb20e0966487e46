"""One look at a machine: what it showed, and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`NOTE`: works, but the user may want to know. `MISSING`: a run on the sandbox would fail."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True)
class Check:
    """What one look at this machine showed."""

    name: str
    state: State
    detail: str
    remedy: str = ""
