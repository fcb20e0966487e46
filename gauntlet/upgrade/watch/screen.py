"""Where a watch tells of itself: a table that is drawn anew on a terminal, lines now and then without one."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gauntlet.ground import screen
from gauntlet.upgrade.watch.stream import Stream
from gauntlet.upgrade.watch.tally import SPAN_S, Count, Tally

_LINE_EVERY_S = 10.0
_DRAW_EVERY_S = 0.5
_BAD, _GOOD = "bold red", "green"


class Lines:
    """Plain lines: what happens at once, how it goes every ten seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tally = Tally()
        self._told_s = time.monotonic()

    def say(self, text: str) -> None:
        self._console.print(Text(text))

    def progress(self, what: str, stream: Stream) -> None:
        if time.monotonic() - self._told_s < _LINE_EVERY_S:
            return
        self._told_s = time.monotonic()
        self.say(in_a_line(what, self._tally.read(stream.flows)))


class Drawn:
    """A table below which lines scroll by."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._tally = Tally()
        self._drawn_s = 0.0

    def say(self, text: str) -> None:
        self._live.console.print(Text(text))

    def progress(self, what: str, stream: Stream) -> None:
        if time.monotonic() - self._drawn_s < _DRAW_EVERY_S:
            return
        self._drawn_s = time.monotonic()
        self._live.update(table(what, self._tally.read(stream.flows)))


@contextmanager
def shown() -> Iterator[Lines | Drawn]:
    """On a terminal the table, else lines."""
    console = screen.console()
    if not sys.stdout.isatty():
        yield Lines(console)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield Drawn(live)


def in_a_line(what: str, counts: Sequence[Count]) -> str:
    """How all clients fare, and by name those that fare badly."""
    made, failed = sum(each.made for each in counts), sum(each.failed for each in counts)
    bad = [f"{each.client} {_share(each)}" for each in counts if each.share_now is not None and each.share_now < 1]
    now = f"; now: {', '.join(bad)}" if bad else ""
    return f"{what}: {len(counts)} clients, {made:,} attempts, {failed:,} failed{now}"


def table(what: str, counts: Sequence[Count]) -> Table:
    """A row for each client."""
    made = Table(title=what, title_justify="left")
    made.add_column("client")
    for heading in ("attempts", "failed", f"good, last {SPAN_S:g} s"):
        made.add_column(heading, justify="right")
    for each in counts:
        style = "" if each.share_now is None else _GOOD if each.share_now == 1 else _BAD
        made.add_row(each.client, f"{each.made:,}", f"{each.failed:,}", Text(_share(each), style))
    return made


def _share(count: Count) -> str:
    return "-" if count.share_now is None else f"{count.share_now:.1%}"
