"""A folder of promises that a test may change."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import project_root
from gauntlet.promises.slo import load

SLOS = project_root() / "slos"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new))


def refused(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load(folder)
    assert caught.value.remedy
    return str(caught.value)
