"""Where a watch tells of itself: a table that is drawn anew on a terminal, lines now and then without one."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gauntlet.ground import screen
from gauntlet.report.names import without_namespaces
from gauntlet.upgrade.watch.stream import Stream
from gauntlet.upgrade.watch.tally import SPAN_S, Count, Tally

_LINE_EVERY_S = 10.0
_DRAW_EVERY_S = 0.5
_BAD, _GOOD = "bold red", "green"
# Of a table: above and below its headings and its rows.
_AROUND_ROWS = 5


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
        self._live.update(view(what, self._tally.read(stream.flows), self._live.console))


@contextmanager
def shown() -> Iterator[Lines | Drawn]:
    """On a terminal the table, else lines."""
    console = screen.console()
    if not sys.stdout.isatty():
        yield Lines(console)
        return
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        yield Drawn(live)


def view(what: str, counts: Sequence[Count], console: Console) -> RenderableType:
    """What fits the terminal: the table, of no more rows than it shows at once; or a line in a narrow one."""
    if console.width < screen.NARROWEST_TABLE:
        return Text(in_a_line(what, counts))
    title = Text(what)
    return table(title, counts, console.height - len(title.wrap(console, console.width)) - _AROUND_ROWS)


def in_a_line(what: str, counts: Sequence[Count]) -> str:
    """How all clients fare, and by name those that fare badly."""
    made, failed = sum(each.made for each in counts), sum(each.failed for each in counts)
    bad = [f"{_name(each)} {_share(each)}" for each in counts if each.share_now is not None and each.share_now < 1]
    now = f"; now: {', '.join(bad)}" if bad else ""
    return f"{what}: {len(counts)} clients, {made:,} attempts, {failed:,} failed{now}"


def table(title: Text, counts: Sequence[Count], most: int) -> Table:
    """A row for each client; of more than so many those that fare worst, and the others in one."""
    # The styles of a title are for words of ours: what is waited for is not all ours.
    made = Table(title=title, title_justify="left", title_style="")
    for heading in ("client", "node"):
        made.add_column(heading)
    for heading in ("attempts", "failed", f"good, last {SPAN_S:g} s"):
        made.add_column(heading, justify="right", no_wrap=True)
    shown_ones = worst(counts, most if len(counts) <= most else most - 1)
    for each in shown_ones:
        # The client in a node's own network has its name.
        _add(made, each, "" if each.node == each.client else each.node)
    others = [each for each in counts if each not in shown_ones]
    if others:
        _add(made, together(others), "")
    return made


def worst(counts: Sequence[Count], most: int) -> tuple[Count, ...]:
    """So many of them, in their order: those that fare worst now, then those that are silent, then those that lost."""

    def rank(each: Count) -> tuple[int, float, int]:
        now = each.share_now
        return (1, 0.0, -each.failed) if now is None else (0 if now < 1 else 2, now, -each.failed)

    chosen = sorted(counts, key=rank)[: max(0, most)]
    return tuple(each for each in counts if each in chosen)


def together(counts: Sequence[Count]) -> Count:
    """All of these as one."""
    return Count(
        f"{len(counts)} more",
        *(sum(getattr(each, name) for each in counts) for name in ("made", "good", "made_now", "good_now")),
    )


def _add(made: Table, each: Count, node: str) -> None:
    style = "" if each.share_now is None else _GOOD if each.share_now == 1 else _BAD
    # If not all fits, these two are cut short, and no figure.
    names = (Text(name, no_wrap=True, overflow="ellipsis") for name in (_name(each), node))
    made.add_row(*names, f"{each.made:,}", f"{each.failed:,}", Text(_share(each), style))


def _name(count: Count) -> str:
    """The namespace of all clients is the same, and says nothing."""
    return without_namespaces(count.client)


def _share(count: Count) -> str:
    """Of a thousand good ones and a bad one the bad one is seen: 100.0% is all of them."""
    if count.share_now is None:
        return "-"
    return "100.0%" if count.share_now == 1 else f"{min(count.share_now, 0.999):.1%}"
