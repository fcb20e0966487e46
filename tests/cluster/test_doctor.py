"""The doctor: what it says where something is missing, and that its trials can fail."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from gauntlet.build import binaries
from gauntlet.build.images import recipe
from gauntlet.cli.doctor_table import row
from gauntlet.cli.main import main
from gauntlet.doctor import machine as doctor
from gauntlet.doctor.check import Check, State
from gauntlet.doctor.machine import Feature
from gauntlet.ground.errors import EnvironmentUnfit, ExitCode
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.providers.sandbox import world, xstate


@pytest.fixture
def broken_unshare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unshare that is refused, as the kernel refuses it."""
    script = tmp_path / "unshare"
    script.write_text("#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setattr(world, "SYSTEM_PATH", f"{tmp_path}:{SYSTEM_PATH}")


def sysctls(folder: Path, **values: str) -> Path:
    for path, value in values.items():
        file = folder / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    return folder


def test_this_machine_can_run_it() -> None:
    said = CliRunner().invoke(main, ["doctor"])
    assert said.exit_code == ExitCode.OK, said.output
    assert "this machine can run the gauntlet" in said.output


def test_a_home_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/cache")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/state")
    said = CliRunner().invoke(main, ["doctor"], env={"COLUMNS": "200"})
    assert said.exit_code == ExitCode.USAGE, said.output
    assert "/proc/state/kube-proxy-gauntlet cannot be written" in said.output
    assert "set XDG_STATE_HOME to a folder that this user may write" in said.output
    assert "/proc/cache/kube-proxy-gauntlet cannot be written" in said.output


@pytest.mark.parametrize("make", [xstate.ensure, recipe.scratch])
def test_a_cache_that_cannot_be_written_is_told_with_its_remedy(
    make: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    with pytest.raises(EnvironmentUnfit, match="set XDG_CACHE_HOME"):
        make()


def test_go_is_not_missed_if_all_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    said = CliRunner().invoke(main, ["doctor"], env={"COLUMNS": "200"})
    assert said.exit_code == ExitCode.OK, said.output
    assert "what a run needs of it is built already" in said.output


def test_a_world_is_tried_for_real() -> None:
    assert doctor.user_namespaces().state is State.OK
    inside = world.attempt(world.USER_WORLD, "ip -o link | wc -l && id -u")
    assert inside.stdout.split() == ["1", "0"], "a network of its own, with lo alone, and root inside"


def test_forbidden_user_namespaces(broken_unshare: None, tmp_path: Path) -> None:
    check = doctor.user_namespaces(sysctls(tmp_path, kernel__apparmor_restrict_unprivileged_userns="1"))
    assert check.state is State.MISSING
    assert "Operation not permitted" in check.detail
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in check.remedy


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"kernel__apparmor_restrict_unprivileged_userns": "1"}, "kernel.apparmor_restrict_unprivileged_userns=0"),
        ({"kernel__unprivileged_userns_clone": "0"}, "kernel.unprivileged_userns_clone=1"),
        ({"user__max_user_namespaces": "0"}, "user.max_user_namespaces="),
    ],
    ids=["apparmor", "userns_clone", "max_user_namespaces"],
)
def test_which_lock_it_is(settings: dict[str, str], remedy: str, tmp_path: Path) -> None:
    assert remedy in doctor.lock_on_namespaces(sysctls(tmp_path, **settings))[1]


def test_a_container_that_forbids_namespaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("container", "podman")
    why, remedy = doctor.lock_on_namespaces(tmp_path)
    assert "container" in why
    assert "--privileged" in remedy


def test_doctor_fails_where_the_world_is_forbidden(broken_unshare: None) -> None:
    said = CliRunner().invoke(main, ["doctor"])
    assert said.exit_code == ExitCode.USAGE
    assert "remedy: " in said.output


@pytest.mark.parametrize("feature", doctor.FEATURES, ids=lambda feature: feature.name)
def test_kernel_features(feature: Feature) -> None:
    check = doctor.kernel_feature(feature)
    assert check.state is State.OK, check.detail


def test_a_kernel_feature_that_is_missing() -> None:
    check = doctor.kernel_feature(Feature("teleport", "ip link add name t0 type teleport", "a newer kernel"))
    assert check.state is State.MISSING
    assert check.detail
    assert check.remedy == "a newer kernel"


def test_missing_programs_are_one_install_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = next(check for check in doctor.examine() if check.name == "programs")
    assert found.state is State.MISSING
    assert "sudo apt-get install -y conntrack ethtool iproute2 iptables mount nftables util-linux" in found.remedy


def test_too_few_open_files() -> None:
    check = doctor.open_files((1024, 1024))
    assert check.state is State.MISSING
    assert "/etc/security/limits.conf" in check.remedy
    assert doctor.open_files((1024, 20000)).state is State.OK


def test_binaries_that_are_not_built_are_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = CliRunner().invoke(main, ["doctor"])
    assert said.exit_code == ExitCode.OK
    assert "remedy: gauntlet binaries does it now" in " ".join(said.output.split())


def test_no_go_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    with pytest.raises(EnvironmentUnfit):
        binaries.find()
    said = CliRunner().invoke(main, ["doctor"])
    assert said.exit_code == ExitCode.USAGE
    assert "make setup" in said.output


def test_rows_fit_into_80_columns() -> None:
    console = Console(width=80, file=io.StringIO())
    console.print(row(Check("user namespaces", State.MISSING, "forbidden " * 20, "sudo sysctl " * 20)))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("remedy:" in line for line in lines)
