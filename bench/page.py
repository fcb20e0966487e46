"""docs/benchmarks.md: each figure with the day on which it was measured."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from bench.figures import MEANING, Figures
from gauntlet.ground.machine import machine
from gauntlet.ground.paths import project_root

PATH = project_root() / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Written by `make bench`; a run of some parts (`make bench PARTS=…`) writes their rows alone.
Machine of the last run: {}; rows of earlier days may be of others like it, and of fewer cases.
Where it names no mode, a figure is the worse of iptables and nftables mode.

| key | what | figure | unit | target | measured |
|---|---|---|---|---|---|
"""


def written(before: str, figures: Figures, now: datetime) -> str:
    """The page with these figures, and the rows of all others as they were before."""
    rows = {match[1]: match[0] for match in re.finditer(r"^\| `(\w+)` \|.*$", before, re.MULTILINE)}
    of = f"{machine()}, Python {platform.python_version()}"
    return _HEAD.format(of) + "".join(f"{_row(key, figures, rows, now)}\n" for key in MEANING)


def write(figures: Figures) -> None:
    before = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    PATH.write_text(written(before, figures, datetime.now(UTC)), encoding="utf-8")


def _row(key: str, figures: Figures, before: Mapping[str, str], now: datetime) -> str:
    what, unit, target = MEANING[key]
    if key not in figures:
        return before.get(key, f"| `{key}` | {what} | not measured | {unit} | {target} | - |")
    value = figures[key]
    shown = ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else f"{value:,}"
    return f"| `{key}` | {what} | {shown} | {unit} | {target} | {now:%Y-%m-%d %H:%M} |"
