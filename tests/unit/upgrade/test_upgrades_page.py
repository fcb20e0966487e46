"""docs/upgrades.md is what the figures beside it say, and nobody's words."""

from __future__ import annotations

from gauntlet.ground.paths import project_root
from gauntlet.upgrade import matrix_file
from gauntlet.upgrade.matrix_page import markdown


def test_the_committed_page_is_what_the_committed_figures_say() -> None:
    page = project_root() / "docs" / "upgrades.md"
    assert page.read_text(encoding="utf-8") == markdown(matrix_file.read(page.with_suffix(".json")))
