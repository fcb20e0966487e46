"""Reads /proc/net/ip_vs_stats and /proc/net/ip_vs_stats_percpu, whose numbers are hexadecimal.

The forms are those of net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_stats_show, ip_vs_stats_percpu_show).
"""

from __future__ import annotations

from gauntlet.proxy.ipvs.model import Rates, Stats, Totals
from gauntlet.proxy.ipvs.notation import Unreadable

FILE = "/proc/net/ip_vs_stats"
PERCPU_FILE = "/proc/net/ip_vs_stats_percpu"
_TITLES = frozenset({"Total", "Conns", "Conns/s", "CPU"})
_SUM = "~"


def parse(text: str, percpu: str = "") -> Stats:
    """The statistics in the text of FILE, and by processor in that of PERCPU_FILE.

    Raises Unreadable where a number is missing or no number.
    """
    rows = [_numbers(FILE, line, line.split()) for line in _without_titles(text)]
    if len(rows) != 2:
        raise Unreadable(FILE, text, f"{len(rows)} rows of numbers instead of 2")
    return Stats(Totals(*rows[0]), Rates(*rows[1]), _processors(percpu))


def _processors(text: str) -> dict[int, Totals]:
    """Rows of a processor's number, also in hexadecimal, and five counts; after row `~`, their sum, come the rates."""
    found: dict[int, Totals] = {}
    for line in _without_titles(text):
        first, *counts = line.split()
        if first == _SUM:
            break
        (processor,) = _numbers(PERCPU_FILE, line, [first], 1)
        found[processor] = Totals(*_numbers(PERCPU_FILE, line, counts))
    return found


def _without_titles(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip() and line.split()[0] not in _TITLES]


def _numbers(file: str, line: str, words: list[str], wanted: int = 5) -> tuple[int, ...]:
    if len(words) != wanted:
        raise Unreadable(file, line, f"{len(words)} numbers instead of {wanted}")
    try:
        return tuple(int(word, 16) for word in words)
    except ValueError as error:
        raise Unreadable(file, line, str(error)) from None
