"""What commonly breaks kind is seen, with its remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.doctor import kind as doctor_kind
from gauntlet.doctor.check import State


def sysctls(folder: Path, watches: int, instances: int) -> Path:
    (folder / "fs/inotify").mkdir(parents=True)
    (folder / "fs/inotify/max_user_watches").write_text(f"{watches}\n")
    (folder / "fs/inotify/max_user_instances").write_text(f"{instances}\n")
    return folder


def test_enough_inotify(tmp_path: Path) -> None:
    assert doctor_kind.inotify(sysctls(tmp_path, 524_288, 512)).state is State.OK


@pytest.mark.parametrize(("watches", "instances"), [(8192, 512), (524_288, 128)])
def test_little_inotify_is_told_with_the_sysctls(tmp_path: Path, watches: int, instances: int) -> None:
    found = doctor_kind.inotify(sysctls(tmp_path, watches, instances))

    assert found.state is State.NOTE
    assert "fs.inotify.max_user_instances=512" in found.remedy


def test_cgroups_of_version_1_are_told(tmp_path: Path) -> None:
    found = doctor_kind.cgroups(tmp_path)

    assert found.state is State.NOTE
    assert "failCgroupV1" in found.detail


def test_cgroups_of_version_2(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert doctor_kind.cgroups(tmp_path).state is State.OK

    (tmp_path / "cgroup.controllers").write_text("memory pids\n")
    lacking = doctor_kind.cgroups(tmp_path)
    assert (lacking.state, "without cpu" in lacking.detail) == (State.MISSING, True)


def test_no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")

    found = doctor_kind.daemon()

    assert found.state is State.MISSING
    assert "ci/docker up" in found.remedy
