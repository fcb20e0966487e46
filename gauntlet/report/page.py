"""The HTML page: one file that needs nothing else, neither script nor network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.finding import Verdict
from gauntlet.report import palette
from gauntlet.report.comparison import comparison
from gauntlet.report.losses import losses
from gauntlet.report.names import title
from gauntlet.report.phase_table import COLUMNS
from gauntlet.report.programming import programming_rows
from gauntlet.report.results import Results
from gauntlet.report.results_file import LOGS
from gauntlet.report.sections import Section, sections
from gauntlet.report.upgrade_page import upgrade_shown
from gauntlet.report.verdicts import headline, troubles

WORDS = {verdict: str(verdict) for verdict in Verdict}
SIGNS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✕",
    Verdict.INCONCLUSIVE: "?",
    Verdict.MEASURED: "·",
    Verdict.KNOWN_DEFECT: "!",
}


# The page of the differences between subjects, beside this one.
DIFFERENCES = "differences.html"
# With more subjects, or longer names, a row of cases has signs alone; the names stand above them.
MOST_NAMED, LONGEST_NAMED = 3, 24


@dataclass(frozen=True)
class Group:
    """Cases of one file."""

    name: str
    sections: tuple[Section, ...]


def page(results: Results, run: Path) -> str:
    """The report on a run, as HTML. `run` is the folder that its findings' evidence is relative to."""
    templates = environment()
    templates.globals.update(WORDS=WORDS, SIGNS=SIGNS, COLUMNS=COLUMNS, title=title, PROXY_PATH=PROXY_PATH)
    found = sections(results, run)
    took = results.finished - results.started
    return templates.get_template("page.html.j2").render(
        results=results,
        upgrade=upgrade_shown(results, run),
        named=len(results.names) <= MOST_NAMED and all(len(name) <= LONGEST_NAMED for name in results.names),
        took=_duration(took.total_seconds()),
        differences_file=DIFFERENCES,
        headlines=[headline(results, subject) for subject in results.names],
        troubles=troubles(results),
        comparison=comparison(results),
        losses=losses(results),
        programming=programming_rows(results),
        experiments=[section for section in found if section.experiment],
        logs=_logs(run),
        groups=_groups(section for section in found if not section.experiment),
        palette=palette,
    )


def environment() -> Environment:
    """Of the templates of all pages."""
    return Environment(
        loader=PackageLoader("gauntlet.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _logs(run: Path) -> list[str]:
    """Folders with all logs of the clusters in which something did not pass, relative to the run."""
    return sorted(f"{LOGS}/{folder.name}" for folder in (run / LOGS).glob("*") if folder.is_dir())


def _groups(found: Iterable[Section]) -> list[Group]:
    ordered = sorted(found, key=lambda section: section.group)
    return [Group(name, tuple(members)) for name, members in groupby(ordered, key=lambda section: section.group)]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
