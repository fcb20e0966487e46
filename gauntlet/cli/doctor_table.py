"""What `gauntlet doctor` shows, in 80 columns."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gauntlet.doctor.check import Check, State

_MARK = {State.OK: "green", State.NOTE: "yellow", State.MISSING: "bold red"}


def row(check: Check) -> RenderableType:
    """One check: mark, name, detail; below it the remedy."""
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(width=7)
    line.add_column(width=19)
    line.add_column(overflow="fold")
    line.add_row(Text(str(check.state), style=_MARK[check.state]), check.name, Text(check.detail))
    if check.remedy and check.state is not State.OK:
        line.add_row("", "", Text(f"remedy: {check.remedy}", style="bold"))
    return line
