"""Text for GitHub's Markdown: shown as it is, whatever it holds."""

from __future__ import annotations

import html
import re

from gauntlet.ground.finding import Verdict

ICONS = {
    Verdict.PASS: "✅",
    Verdict.FAIL: "❌",
    Verdict.INCONCLUSIVE: "❔",
    Verdict.MEASURED: "▫️",
    Verdict.KNOWN_DEFECT: "🐞",
}
LETTERS = 600


def plain(*texts: str) -> str:
    """Text that Markdown shows as it is, on one line, and not at any length."""
    joined = " ".join(" ".join(text.split()) for text in texts if text)
    short = joined if len(joined) <= LETTERS else joined[:LETTERS] + "…"
    return html.escape(re.sub(r"([\\`*_\[\]|#~@])", r"\\\1", short), quote=False)


def fenced(language: str, text: str) -> list[str]:
    """The lines of a block of code that holds this text."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return ["", f"{fence}{language}", text, fence]
