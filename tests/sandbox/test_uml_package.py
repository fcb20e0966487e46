"""The kernel that is fetched for guests: when it is, what it is judged by, and what happens where it cannot be had."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest

from gauntlet.providers.sandbox import fitness, uml, uml_package

needs_debian = pytest.mark.skipif(
    platform.freedesktop_os_release()["ID"] != "debian" or uml.own().is_new,
    reason="this machine's own User-Mode Linux is new, or it is not Debian",
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
    assert said == [f"User-Mode Linux {old} is slow: fetching Debian trixie's"]
    found = uml.kernel()
    assert found.is_new
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
    assert said[1].startswith(f"no newer User-Mode Linux, {uml.own().release} is used: `apt-get` ended with 100: ")
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
        f"no newer User-Mode Linux, {uml.own().release} is used: Debian trixie's does not boot here: it says nothing"
    )
    assert uml.kernel() == uml.own()
    uml_package.ensure(said.append)
    assert len(said) == 2


@pytest.mark.usefixtures("cache")
def test_nothing_is_fetched_where_the_machines_own_is_as_new(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uml.Kernel, "release", "6.12.43")
    uml_package.ensure(said.append)
    assert said == []
    assert uml.kernel() == uml.own()


@pytest.mark.parametrize(
    ("release", "is_new"),
    [("6.1.176", False), ("6.8.0-1", False), ("6.12-rc1", True), ("6.12.113", True), ("7.2.7", True)],
)
def test_new_are_those_in_which_programs_start_quickly(
    release: str, monkeypatch: pytest.MonkeyPatch, *, is_new: bool
) -> None:
    monkeypatch.setattr(uml.Kernel, "release", release)
    assert uml.Kernel(Path("linux.uml"), Path("modules")).is_new is is_new


@pytest.mark.usefixtures("cache")
def test_another_distribution_keeps_its_own(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu", "PRETTY_NAME": "Ubuntu 24.04"})
    monkeypatch.setattr(uml.Kernel, "release", "6.8.0")
    uml_package.ensure(said.append)
    assert said[1] == "no newer User-Mode Linux, 6.8.0 is used: Ubuntu 24.04 is not Debian"
