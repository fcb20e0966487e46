"""What is on disk when a call returns. The kernel itself cuts writes short here: RLIMIT_FSIZE, as a full disk does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gauntlet.ground.disk import LineFile, alone, replace_file
from gauntlet.ground.paths import project_root

# Has room for 40 bytes: write(2) takes that much of a longer line, and then nothing.
SHORT = """
import resource, sys
from pathlib import Path
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.ground.journal.store import Journal, Record
resource.setrlimit(resource.RLIMIT_FSIZE, (40, resource.RLIM_INFINITY))
path = Path(sys.argv[1])
try:
    if sys.argv[2] == "journal":
        Journal(path).write(Record("x-1", "a-fault", "node-1", "intended"))
    else:
        EventLog(path).write(Event(EventKind.FAULT_INTENDED, "x-1"))
except (GauntletError, OSError) as error:
    print(error)
else:
    print("written")
"""

TOO_LONG = """
import resource, sys
from pathlib import Path
from gauntlet.ground.disk import replace_file
resource.setrlimit(resource.RLIMIT_FSIZE, (40, resource.RLIM_INFINITY))
try:
    replace_file(Path(sys.argv[1]), 41 * "x")
except OSError as error:
    print(error)
"""


@pytest.mark.parametrize("writer", ["journal", "events"])
def test_a_short_write_is_not_taken_for_a_whole_one(writer: str, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    done = subprocess.run(
        [sys.executable, "-c", SHORT, str(path), writer],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert path.stat().st_size == 40
    assert "File too large" in done.stdout
    assert LineFile(path).lines() == ()
    LineFile(path).append("next\n")
    assert path.read_bytes() == b"next\n"


def test_a_torn_last_line_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"one\ntw")
    assert LineFile(path).lines() == (b"one",)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files and folders that were waited for, as the kernel names them. They are really waited for."""
    seen: list[str] = []
    fsync = os.fsync

    def watched(fd: int) -> None:
        fsync(fd)
        seen.append(str(Path(f"/proc/self/fd/{fd}").readlink()))

    monkeypatch.setattr(os, "fsync", watched)
    return seen


def test_a_new_file_is_on_disk_with_the_folders_that_lead_to_it(tmp_path: Path, synced: list[str]) -> None:
    file = LineFile(tmp_path / "new" / "folder" / "lines")
    file.append_durably("one\n")
    assert synced[:4] == [str(each) for each in (file.path, *list(file.path.parents)[:3])]
    synced.clear()
    file.append_durably("two\n")
    assert synced == [str(file.path)]


def test_a_replaced_file_is_on_disk_before_it_takes_the_name(tmp_path: Path, synced: list[str]) -> None:
    file = tmp_path / "secret"
    replace_file(file, "text", mode=0o600)
    assert synced[:2] == [str(tmp_path / f".secret.{threading.get_native_id()}"), str(tmp_path)]
    assert file.read_text() == "text"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_replaced_is_still_there_alone(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", TOO_LONG, str(file)], cwd=project_root(), capture_output=True, text=True, check=True
    )
    assert "File too large" in done.stdout
    assert [each.name for each in tmp_path.iterdir()] == ["results.json"]
    assert file.read_text() == "old"


def test_threads_that_replace_a_file_at_the_same_time_each_put_a_whole_one_there(tmp_path: Path) -> None:
    """As those do that give the last nodes of an upgrade their kube-proxies, and note that all have it."""
    file = tmp_path / "cluster.json"
    texts = [letter * 50_000 for letter in "abcd"]

    def write(text: str) -> None:
        for _ in range(10):
            replace_file(file, text)
            assert file.read_text() in texts

    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(write, texts))
    assert [each.name for each in tmp_path.iterdir()] == ["cluster.json"]


def test_one_at_a_time_is_alone_with_a_folder(tmp_path: Path) -> None:
    inside = tmp_path / "inside"

    def enter(_: int) -> None:
        for _ in range(20):
            with alone(tmp_path):
                # Fails if another one is here.
                inside.mkdir()
                inside.rmdir()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(enter, range(8)))


def test_whoever_fails_leaves_the_folder_to_the_next(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), alone(tmp_path):
        raise ValueError("broken")
    with alone(tmp_path):
        pass
