"""What the commands print on: a terminal of any width, or a pipe, which is as wide as a line needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

# In less, columns would be a few letters wide.
NARROWEST_TABLE = 60
_UNBROKEN = 10_000


def console() -> Console:
    """Of standard output. Without a terminal nothing is broken into lines: what reads it wants a row in one."""
    piped = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    return Console(highlight=False, width=_UNBROKEN if piped else None)


def fitted(screen: Console, shown: RenderableType) -> RenderableType:
    """A table in a terminal too narrow for one becomes lines, a cell in each; everything else stays as it is."""
    if not isinstance(shown, Table) or screen.width >= NARROWEST_TABLE:
        return shown
    return Group(*(_entries(shown) if shown.show_header else _paragraphs(shown)))


def _entries(table: Table) -> Iterator[RenderableType]:
    """Each row as lines of a heading and a cell, an empty line between rows."""
    if table.title is not None:
        yield Text(str(table.title), style=table.title_style or "")
    for number, row in enumerate(zip(*(column.cells for column in table.columns), strict=True)):
        if number:
            yield Text("")
        for column, cell in zip(table.columns, row, strict=True):
            heading = " ".join(str(column.header).splitlines())
            yield Text.assemble((f"{heading}  ", "dim"), _text(cell))


def _paragraphs(grid: Table) -> Iterator[RenderableType]:
    """A grid has no headings: what stands on the left becomes the line above what stands on the right."""
    for *left, right in zip(*(column.cells for column in grid.columns), strict=True):
        above = Text("  ").join(text for cell in left if (text := _text(cell)).plain)
        if above.plain:
            yield above
        yield Padding(_text(right), (0, 0, 0, 2))


def _text(cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else Text(str(cell))
