"""The control that leaves nothing injected behind, where it cannot: the API server of the cluster is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.faults.chaos import safety
from tests.unit.existing import absent

PREPARED = [{"activity": {"provider": {"func": "prepare"}}}]


@pytest.mark.parametrize(("before", "after"), [("completed", "failed"), ("interrupted", "interrupted")])
def test_an_experiment_that_leaves_something_behind_is_not_completed(
    before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The exit code of `chaos run` is that of its status."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kubeconfig = str(absent.cluster("staging").kubeconfig)
    monkeypatch.setattr(safety, "_begun", {kubeconfig})
    state = {"status": before, "run": PREPARED}
    safety.after_experiment_control({"title": "an experiment"}, state, {"kubeconfig": kubeconfig})
    assert state["status"] == after
    assert "not everything could be healed and removed" in caplog.text
