"""Where the gauntlet keeps things outside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground import paths


def test_folders_of_the_users_choice_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere/state")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/cache")
    assert paths.state_root() == Path("/somewhere/state") / paths.APPLICATION
    assert paths.cache_root() == Path("/somewhere/cache") / paths.APPLICATION


@pytest.mark.parametrize("relative", ["state", "./state", "~/state", ""])
def test_a_relative_folder_is_ignored(relative: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run left that was killed is healed from any folder."""
    monkeypatch.setenv("XDG_STATE_HOME", relative)
    assert paths.state_root() == Path.home() / ".local/state" / paths.APPLICATION
