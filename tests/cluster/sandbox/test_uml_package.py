"""The kernel that is fetched for guests: when it is, what it is judged by, and what happens where it cannot be had."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from gauntlet.nodes.command import TIMED_OUT
from gauntlet.providers.sandbox import fitness, uml, uml_package, world

needs_debian = pytest.mark.skipif(
    platform.freedesktop_os_release()["ID"] != "debian" or uml.own().is_good,
    reason="this machine's own User-Mode Linux is good, or it is not Debian",
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


@needs_debian
def test_it_is_fetched_once_and_guests_boot_it(cache: Path, said: list[str]) -> None:
    old = uml.own().release
    uml_package.ensure(said.append)
    assert said == [f"there is a better User-Mode Linux than {old}: fetching Debian trixie's"]
    found = uml.kernel()
    assert found.is_good
    assert found.program.is_relative_to(cache)
    assert (found.modules / found.release / "modules.dep.bin").is_file()
    assert fitness.guest_fails() is None
    uml_package.ensure(said.append)
    assert len(said) == 1


@needs_debian
@pytest.mark.usefixtures("cache")
def test_where_it_cannot_be_fetched_the_machines_own_is_used(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uml_package, "SUITE", "no-such-suite")
    uml_package.ensure(said.append)
    assert said[1].startswith(f"User-Mode Linux {uml.own().release} is used: `apt-get` ended with 100: ")
    assert "no-such-suite" in said[1]
    assert uml.kernel() == uml.own()
    assert not uml.fetched_folder().exists()


@needs_debian
@pytest.mark.usefixtures("cache")
def test_one_that_does_not_boot_is_not_used_and_not_fetched_again(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(folder: Path) -> None:
        fetched = uml.fetched()
        fetched.program.parent.mkdir(parents=True)
        shutil.copy("/bin/false", fetched.program)
        assert fetched.program.is_relative_to(folder)

    monkeypatch.setattr(uml_package, "_fetch", fetch)
    uml_package.ensure(said.append)
    assert said[1] == (
        f"User-Mode Linux {uml.own().release} is used: Debian trixie's does not boot here: it says nothing; "
        f"to try it anew, delete {uml.fetched_folder()}"
    )
    assert uml.kernel() == uml.own()
    uml_package.ensure(said.append)
    assert said[2:] == said[1:2]


@needs_debian
@pytest.mark.usefixtures("cache")
def test_one_that_is_slow_to_boot_is_tried_again(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(*_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], TIMED_OUT, "", "no answer within 30 s")

    monkeypatch.setattr(uml_package, "_fetch", lambda folder: folder.mkdir())
    monkeypatch.setattr(world, "attempt", attempt)
    monkeypatch.setattr(world, "flags", list)
    uml_package.ensure(said.append)
    assert said[1].endswith("is used: a guest that is tried says nothing: no answer within 30 s")
    assert uml.fetched_verdict() is None


@pytest.mark.usefixtures("cache")
def test_nothing_is_fetched_where_the_machines_own_is_as_good(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uml.Kernel, "release", "6.12.43")
    uml_package.ensure(said.append)
    assert said == []
    assert uml.kernel() == uml.own()


@pytest.mark.parametrize(
    ("release", "is_good"),
    [("6.1.176", False), ("6.8.0-1", False), ("6.12-rc1", True), ("6.12.113", True), ("7.2.7", False)],
)
def test_good_are_those_in_which_programs_start_quickly_and_kube_proxy_runs(
    release: str, monkeypatch: pytest.MonkeyPatch, *, is_good: bool
) -> None:
    monkeypatch.setattr(uml.Kernel, "release", release)
    assert uml.Kernel(Path("linux.uml"), Path("modules")).is_good is is_good


@pytest.mark.usefixtures("cache")
def test_another_distribution_keeps_its_own(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu", "PRETTY_NAME": "Ubuntu 24.04"})
    monkeypatch.setattr(uml.Kernel, "release", "6.8.0")
    uml_package.ensure(said.append)
    assert said[1] == "User-Mode Linux 6.8.0 is used: Ubuntu 24.04 is not Debian"
