"""Making a report: reads a run's folder and leaves `report.html`, `summary.md` and `junit.xml` in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.report import junit, results_file
from gauntlet.report.differences_page import differences_page
from gauntlet.report.page import DIFFERENCES, page
from gauntlet.report.results import Results
from gauntlet.report.results_file import write_whole
from gauntlet.report.summary import summary

PAGE = "report.html"
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True)
class Report:
    """What a report was made from, and where it is."""

    results: Results
    page: Path
    summary: Path


def make(run: Path) -> Report:
    """Write the pages, `summary.md` and `junit.xml` from the `results.json` and the evidence in `run`.

    The pages are `report.html` and, of a run of several subjects, `differences.html`. Raises UsageError if results.json
    is not there or not to be understood, or if `run` is not writable. Missing evidence is not an error: the page says
    what is missing.
    """
    results = results_file.load(run)
    write_whole(run / junit.FILE, junit.junit(results))
    if results.differences is not None:
        write_whole(run / DIFFERENCES, differences_page(results, results.differences, PAGE))
    written = write_whole(run / PAGE, page(results, run))
    text = write_whole(run / "summary.md", summary(results))
    return Report(results, written, text)


def publish(report: Report) -> Path | None:
    """Append the summary to the file that GitHub Actions names in `$GITHUB_STEP_SUMMARY`, if it does.

    Raises GauntletError if that file cannot be written.
    """
    named = os.environ.get(STEP_SUMMARY)
    if not named:
        return None
    path = Path(named)
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(report.summary.read_text(encoding="utf-8"))
    except OSError as error:
        raise GauntletError(
            f"the summary cannot be added to {path}: {error.strerror}",
            f"unset {STEP_SUMMARY}, or point it at a file that can be written",
        ) from error
    return path
