"""Calls of kube-proxy without a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.saboteurs import call as calls
from tests.saboteurs.call import Call


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What calls have the real tool write, none of which is run; what they remember is the test's."""
    texts: list[str] = []

    def run(_call: Call, text: str) -> int:
        texts.append(text)
        return 0

    monkeypatch.setattr(calls, "MEMORY", f"{tmp_path}/{{}}.json")
    monkeypatch.setattr(Call, "run", run)
    return texts
