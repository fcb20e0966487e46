"""A length of time on the command line."""

from __future__ import annotations

import re

import click

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|)")


class Span(click.ParamType[float]):
    """A length of time: `90`, `90s`, `30m`, `2h`; in seconds."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = _SPAN.fullmatch(str(value))
        if found is None or not float(found[1]):
            self.fail(f"{value!r} is not a length of time above zero: 90s, 30m or 2h", param, ctx)
        return float(found[1]) * _UNITS[found[2]]
