"""Annotations: what GitHub Actions shows beside a run, a line for each reason against an upgrade, or of a watch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gauntlet.ground.finding import Verdict
from gauntlet.report.names import without_namespaces
from gauntlet.report.results import Results
from gauntlet.report.upgrade_record import UpgradeRecord, chosen, titled

# Set to "true" in every step of GitHub Actions.
ACTIONS = "GITHUB_ACTIONS"
# GitHub shows no more than ten of a step; the last one says how many were left out.
MOST = 10


def workflow_commands(results: Results, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The workflow commands to print; none outside of GitHub Actions, or of a run that is neither upgrade nor watch."""
    upgrade = results.upgrade
    if environment.get(ACTIONS) != "true" or upgrade is None:
        return ()
    title = f"{results.question()}: {upgrade.words}"
    wanted = max(len(upgrade.reasons), 1) + len(upgrade.accepted)
    if wanted <= MOST:
        return tuple(_lines(upgrade, title, MOST))
    shown = tuple(_lines(upgrade, title, MOST - 1))
    return (*shown, _command("notice", title, f"{wanted - len(shown)} more: see report.html"))


def _lines(upgrade: UpgradeRecord, title: str, most: int) -> Iterator[str]:
    """So many of them at most: the reasons that a page would show come first."""
    if not upgrade.reasons:
        level = "notice" if upgrade.verdict is Verdict.PASS else "error"
        yield _command(level, title, upgrade.whole_words)
    for reason in chosen(upgrade.reasons, most):
        about = f"{titled(reason.name, reason.verdict)}: {reason.reason}"
        yield _command("error", title, without_namespaces(about))
    for each in upgrade.accepted[: max(0, most - max(len(upgrade.reasons), 1))]:
        name = without_namespaces(each.name)
        yield _command("warning", title, f"accepted until {each.until} ({each.why}): {name}")


def _command(level: str, title: str, text: str) -> str:
    """A workflow command, with what has a meaning in it escaped as @actions/core does."""
    heading = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={heading}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
