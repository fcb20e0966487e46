"""Hunts: saboteurs that the state machine has to find by itself, and how the page tells of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gauntlet.ground.cluster import ProxyMode
from tests.saboteurs.register.saboteur import HOST_KERNEL

# Each of a class of its own: of endpoints, those that were there before count; of a policy, where they are; of
# affinity, that there are several.
HUNTED = ("endpoints-removed-kept", "policies-internal-local-ignored", "affinity-lost")
HUNTS = tuple((saboteur, mode) for saboteur in HUNTED for mode in HOST_KERNEL)
MOST_STEPS = 3
MOST_S = 60
_HEAD = """## By the state machine

The cases above were written for these bugs. The state machine (`suites/conformance/test_state_machine.py`) was written
for none: it changes Services at random, and holds all answers against the model. `make hunt` runs it alone, as the gate
does, against three saboteurs; it has to find each within that minute, and to come down to at most {most} plain steps.
`make hunt ONLY=affinity-lost` hunts one; `make test` one in one mode a day.
What it found in nights without a saboteur: [state-machine.md](state-machine.md).
"""
_COLUMNS = "| subject | saboteur | tried | the shortest steps that show it | run |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Prey:
    """What a hunt came to: what was tried, in words, and the shortest steps that show the saboteur, a line each.

    `found_s` is after how many seconds a sequence failed. `trouble` says why nothing was caught; else it is empty.
    """

    saboteur: str
    mode: ProxyMode
    effort: str = ""
    found_s: float = 0.0
    steps: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is not as it has to be."""
        if self.trouble:
            return (self.trouble,)
        late = f"it was found after {self.found_s:.0f} s, and should be within {MOST_S} s"
        long = f"{len(self.steps)} steps are more than {MOST_STEPS}"
        return (*([late] if self.found_s > MOST_S else []), *([long] if len(self.steps) > MOST_STEPS else []))


def row(prey: Prey, run: str) -> str:
    """`run` is its day and commit."""
    steps = "**not found**" if prey.complaints else "<br>".join(prey.steps)
    return f"| {prey.mode} | {prey.saboteur} | {prey.effort or '-'} | {steps} | {run} |"


def rows(page: str) -> Iterator[str]:
    """Those of a page that was written before."""
    return (each[0] for each in re.finditer(r"^\| [a-z]+ \| [a-z]+-[a-z0-9-]+ \| .* \|$", page, re.MULTILINE))


def section(before: str, new: Iterable[str]) -> Iterator[str]:
    """The lines of the page about hunts: new rows in the place of those of earlier runs."""
    latest = {_of(each): each for each in (*rows(before), *new)}
    yield _HEAD.format(most=MOST_STEPS)
    yield _COLUMNS
    for saboteur, mode in HUNTS:
        yield latest.get((mode, saboteur), f"| {mode} | {saboteur} | not run | - | - |")
    yield ""


def _of(row: str) -> tuple[str, str]:
    """Its mode and its saboteur."""
    mode, saboteur, _ = row.removeprefix("| ").split(" | ", 2)
    return mode, saboteur
