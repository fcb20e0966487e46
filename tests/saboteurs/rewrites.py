"""Rewrites that saboteurs are put together from, beside those of call.py. Pure, but for what is asked of a Call."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Act, Call, Rewrite


def replacing(pattern: str, by: str | Callable[[re.Match[str]], str]) -> Rewrite:
    """Replaces what the regular expression matches; ^ and $ are of a line."""

    def rewrite(text: str) -> str:
        return re.sub(pattern, by, text, flags=re.MULTILINE)

    return rewrite


def one_after_the_other(*rewrites: Rewrite) -> Rewrite:
    def rewrite(text: str) -> str:
        for each in rewrites:
            text = each(text)
        return text

    return rewrite


def in_lines(pattern: str, rewrite: Rewrite) -> Rewrite:
    """Does it to the lines in which the regular expression is found, each by itself."""

    def of_some(text: str) -> str:
        return "".join(rewrite(line) if re.search(pattern, line) else line for line in text.splitlines(keepends=True))

    return of_some


def in_ipv6(act: Act) -> Act:
    """Leaves IPv4 as it is."""

    def only(call: Call) -> int:
        return act(call) if call.family == "ip6" else call.run(call.text)

    return only
