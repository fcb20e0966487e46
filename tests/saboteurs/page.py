"""docs/saboteurs.md: which saboteur was caught by which case, of all runs that were ever made. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gauntlet.ground.paths import project_root
from gauntlet.report.markdown import plain
from tests.saboteurs import hunts
from tests.saboteurs.judgement import Judgement
from tests.saboteurs.register.saboteur import Saboteur

PAGE = project_root() / "docs" / "saboteurs.md"
_HEAD = """# Saboteurs

A gate is worth what it catches. Each saboteur is a program in front of kube-proxy's iptables-restore or nft that
imitates a class of bug; the real suites are run with it, and have to fail by the case that names the bug, and by no
case that has nothing to do with it (`tests/saboteurs/register/`). `make saboteurs` runs them all and writes this page;
`make saboteurs PART=2/5` a fifth, `make saboteurs ONLY=weights-70-20-10` one. Rows of saboteurs that were not run
stay, with the day and the commit of their run; a + behind it says that something had been changed since that commit.

*Seconds* are from the start of the run, the making of its cluster included, to the report of the first case that
failed by the bug's name. All cases of a run are made together, and others go first: a case alone is quicker.
"""
_COLUMNS = "| saboteur | subject | caught by | check | seconds | run |\n|---|---|---|---|---|---|"
_NOT_CAUGHT = "**not caught**"


@dataclass(frozen=True)
class Row:
    """A run of a saboteur for a subject; `cells` are the columns after those two, in Markdown."""

    saboteur: str
    subject: str
    cells: str

    def __str__(self) -> str:
        return f"| {self.saboteur} | {self.subject} | {self.cells} |"


def row(saboteur: Saboteur, judgement: Judgement, run: str) -> Row:
    """`run` is its day and commit."""
    if judgement.complaints or not judgement.caught:
        return Row(saboteur.name, judgement.subject, f"{_NOT_CAUGHT} as declared | - | - | {run}")
    cases = _words(each.case for each in judgement.caught)
    checks = dict.fromkeys(each.check for each in judgement.caught)
    first = min(each.after_s for each in judgement.caught)
    return Row(saboteur.name, judgement.subject, f"{'<br>'.join(cases)} | {', '.join(checks)} | {first:.0f} | {run}")


def _words(cases: Iterable[str]) -> list[str]:
    """`suites/conformance/test_balance.py::test_x_y[tcp]`, and the same with udp -> `balance: x y (tcp, udp)`."""
    variants: dict[str, list[str]] = {}
    for case in cases:
        bare, _, parameters = case.partition("[")
        variants.setdefault(bare, []).append(parameters.removesuffix("]"))
    found = {bare: ", ".join(filter(None, dict.fromkeys(each))) for bare, each in variants.items()}
    return [f"{_name(bare)} ({of})" if of else _name(bare) for bare, of in found.items()]


def _name(bare: str) -> str:
    file, _, test = bare.rpartition("/")[2].partition(".py::")
    return f"{file.removeprefix('test_')}: {test.removeprefix('test_')}".replace("_", " ")


def rows(page: str) -> Iterator[Row]:
    """Those of a page that was written before."""
    for found in re.finditer(r"^\| ([a-z]+-[a-z0-9-]+) \| (\S+) \| (.*) \|$", page, re.MULTILINE):
        yield Row(found[1], found[2], found[3])


def markdown(saboteurs: Mapping[str, Saboteur], before: str, new: Iterable[Row], hunted: Iterable[str] = ()) -> str:
    """The page: new rows in the place of those of earlier runs, without those of saboteurs that are gone.

    `hunted` are the new rows of hunts.
    """
    latest = {(each.saboteur, each.subject): each for each in (*rows(before), *new)}
    kinds = dict.fromkeys(each.kind for each in saboteurs.values())
    lines = (line for kind in kinds for line in _class(kind, saboteurs, latest))
    return "\n".join((_HEAD, *lines, *hunts.section(before, hunted)))


def _class(kind: str, saboteurs: Mapping[str, Saboteur], latest: Mapping[tuple[str, str], Row]) -> Iterator[str]:
    mine = [each for each in saboteurs.values() if each.kind == kind]
    yield f"## {kind.capitalize()}\n"
    yield from (f"- `{each.name}`: {plain(each.imitates)}" for each in mine)
    yield f"\n{_COLUMNS}"
    for each in mine:
        for mode in each.modes:
            yield str(latest.get((each.name, mode), Row(each.name, mode, "not run | - | - | -")))
    yield ""
