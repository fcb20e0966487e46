"""`gauntlet known-defects`: what the register says, of all kube-proxies or of some."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gauntlet.promises.known_defects import KnownDefect
    from gauntlet.subject import Subject


@click.command("known-defects", short_help="Defects of kube-proxy that the register knows.")
@click.option(
    "--subjects",
    metavar="SUBJECT,SUBJECT",
    help="Only what these have, each by itself: nftables@1.35,nftables@1.37.  [default: the whole register]",
)
def known_defects(subjects: str | None) -> None:
    """List the known defects of kube-proxy: what goes wrong, in which versions and modes, and what users can do.

    Failures that they explain are shown as `known defect` and fail no run, unless it is given --kp-known-defects fail.
    docs/known-defects.md has all of the register, with the runs that showed each.

    A version without its patch, like 1.36, is the one that is pinned in toolchain/.

    \b
    Examples:
      gauntlet known-defects
      gauntlet known-defects --subjects nftables@1.35,nftables@1.37
    """
    from gauntlet.build.binaries import DEFAULT_VERSION
    from gauntlet.promises.known_defects import read, shipped
    from gauntlet.subject import parse_all

    register = read(shipped())
    if subjects is None:
        for entry in register.defects:
            click.echo("\n".join(_lines(entry)))
        return
    for subject in parse_all(subjects, DEFAULT_VERSION):
        version = _full(subject)
        mine = [each for each in register.defects if each.affects(subject.mode, version, subject.gates_on)]
        click.echo(f"{subject.name} ({version}): {len(mine)} known {'defect' if len(mine) == 1 else 'defects'}")
        for entry in mine:
            click.echo("\n".join(f"  {line}" for line in _lines(entry)))


def _lines(entry: KnownDefect) -> Iterator[str]:
    from gauntlet.report.known_defects_page import versions

    yield entry.name
    yield f"  {', '.join(entry.modes)}, {versions(entry)}{', sometimes' if entry.sometimes else ''}"
    yield f"  {' '.join(entry.wrong.split())}"
    yield f"  what to do: {' '.join(entry.users.split())}"


def _full(subject: Subject) -> str:
    """The full version of a subject: of one that says a minor version alone, the one that is pinned."""
    from gauntlet.build.toolchain import toolchain_root
    from gauntlet.build.versions import pinned

    there = (each.release for each in pinned(toolchain_root()) if subject.version == each.minor)
    return next(there, subject.version)
