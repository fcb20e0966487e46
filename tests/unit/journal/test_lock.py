"""A cluster is used by one run at a time. Real processes hold the lock, and die with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.errors import EnvironmentUnfit, ExitCode, UsageError
from gauntlet.ground.journal import lock
from gauntlet.ground.journal.lock import ClusterInUse
from tests.unit.journal.process import HOLD, running

PLAY = ("sandbox", "play")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_second_run_is_refused_with_the_name_of_the_first() -> None:
    with running(HOLD, *PLAY) as first:
        with pytest.raises(
            ClusterInUse, match=rf"cluster play is in use by process {first.pid} \(python.* sandbox play\)"
        ) as told:
            lock.take(*PLAY)
        assert told.value.exit_code is ExitCode.USAGE
        assert f"kill -INT {first.pid}" in told.value.remedy
        owner = lock.user(*PLAY)
        assert owner is not None
        assert owner.pid == first.pid
        assert not lock.is_held(*PLAY)


def test_another_cluster_is_free() -> None:
    with running(HOLD, *PLAY), lock.used("sandbox", "play-2"), lock.used("kind", "play"):
        assert lock.is_held("sandbox", "play-2")


def test_the_lock_ends_with_a_killed_process() -> None:
    with running(HOLD, *PLAY) as first:
        first.kill()
        first.wait()
        assert lock.user(*PLAY) is None
        with lock.used(*PLAY):
            assert lock.is_held(*PLAY)


def test_what_a_killed_process_left_is_cleared_and_a_live_one_is_not(tmp_path: Path) -> None:
    with running(HOLD, *PLAY) as first:
        lock.clear(*PLAY)
        assert lock.user(*PLAY) is not None
        first.kill()
        first.wait()
        assert [each for each in tmp_path.rglob("*") if each.is_file()] != []
        lock.clear(*PLAY)
        assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_what_a_run_starts_may_use_what_it_uses() -> None:
    with lock.used(*PLAY):
        with running(HOLD, *PLAY):
            pass
        owner = lock.user(*PLAY)
        assert owner is not None
        assert owner.is_me


def test_using_it_twice_is_using_it_once() -> None:
    lock.take(*PLAY)
    with lock.used(*PLAY):
        pass
    assert lock.is_held(*PLAY)
    lock.release(*PLAY)
    assert lock.user(*PLAY) is None


def test_the_end_of_a_cluster_is_the_end_of_its_lock(tmp_path: Path) -> None:
    lock.take(*PLAY)
    with lock.ending(*PLAY):
        pass
    assert not lock.is_held(*PLAY)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


def test_an_end_that_fails_leaves_things_as_they_were() -> None:
    for held_before in (False, True):
        if held_before:
            lock.take(*PLAY)
        with pytest.raises(RuntimeError), lock.ending(*PLAY):
            raise RuntimeError
        assert lock.is_held(*PLAY) is held_before
    lock.release(*PLAY)


def test_a_lock_on_a_file_that_was_deleted_meanwhile_is_none(tmp_path: Path) -> None:
    """The last holder deletes the file before it lets go: who waited for that one file would be alone with it."""
    with running(HOLD, *PLAY):
        (file,) = (each for each in tmp_path.rglob("*") if each.is_file())
        file.unlink()
        with lock.used(*PLAY):
            assert lock.is_held(*PLAY)


@pytest.mark.parametrize("name", ["", " ", "..", "../play", "a/b"])
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(UsageError, match="is not a name for a cluster"):
        lock.take("sandbox", name)


def test_a_state_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentUnfit, match="cannot be written: Not a directory"):
        lock.take(*PLAY)
