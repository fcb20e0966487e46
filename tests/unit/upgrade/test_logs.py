"""The logs of the cluster of an upgrade, which outlive it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.cli.upgrade import keep_logs
from gauntlet.providers import provider
from gauntlet.providers.sandbox import layout

NAME = "upgrade-of-a-test"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the logs of a cluster, below a state folder of our own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = layout.state_dir(NAME) / "logs"
    assert folder.is_relative_to(tmp_path)
    folder.mkdir(parents=True)
    (folder / "kube-proxy-node-1.log").write_text("it ended\n")
    return folder


@pytest.mark.usefixtures("logs")
def test_they_are_kept_before_the_cluster_is_deleted(tmp_path: Path) -> None:
    keep_logs(provider("sandbox"), NAME, tmp_path / "kept")
    assert (tmp_path / "kept/kube-proxy-node-1.log").read_text() == "it ended\n"


def test_that_they_cannot_be_kept_is_said_and_hides_nothing(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (logs / "kube-proxy-node-1.log").unlink()
    logs.rmdir()
    keep_logs(provider("sandbox"), NAME, tmp_path / "kept")
    assert f"the logs of {NAME} could not be copied" in capsys.readouterr().err


def test_of_a_cluster_that_was_never_made_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    keep_logs(provider("sandbox"), NAME, tmp_path / "kept")
    assert capsys.readouterr().err == ""
