"""Annotations: lines that GitHub Actions shows beside a run, one for each thing that stands against an upgrade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gauntlet.ground.finding import Verdict
from gauntlet.report.results import Results
from gauntlet.report.upgrade_record import UpgradeRecord, titled, with_reach

# Set to "true" in every step of GitHub Actions.
ACTIONS = "GITHUB_ACTIONS"
# GitHub shows no more than ten of a step; the last one says how many were left out.
MOST = 10


def workflow_commands(results: Results, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The workflow commands to print; none outside of GitHub Actions, or of a run that is not an upgrade."""
    if environment.get(ACTIONS) != "true" or results.upgrade is None:
        return ()
    lines = tuple(_lines(results.upgrade))
    if len(lines) <= MOST:
        return lines
    left = len(lines) - MOST + 1
    return (*lines[: MOST - 1], _command("notice", _title(results.upgrade), f"{left} more: see report.html"))


def _lines(upgrade: UpgradeRecord) -> Iterator[str]:
    if not upgrade.reasons:
        level = "notice" if upgrade.verdict is Verdict.PASS else "error"
        yield _command(level, _title(upgrade), with_reach(upgrade.words, upgrade.reach))
    for reason in upgrade.reasons:
        title = titled(reason.name, reason.verdict)
        yield _command("error", _title(upgrade), f"{title}: {reason.reason}")
    for each in upgrade.accepted:
        yield _command("warning", _title(upgrade), f"accepted until {each.until} ({each.why}): {each.name}")


def _title(upgrade: UpgradeRecord) -> str:
    return f"{upgrade.today} to {upgrade.next}: {upgrade.words}"


def _command(level: str, title: str, text: str) -> str:
    """A workflow command, with what has a meaning in it escaped as @actions/core does."""
    heading = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={heading}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
