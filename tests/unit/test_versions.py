"""`gauntlet versions`: what is pinned, in a table of 80 columns and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from gauntlet.build import toolchain, versions
from gauntlet.build.versions import PinnedVersion, Skew
from gauntlet.cli import versions as command
from gauntlet.cli.main import main
from gauntlet.ground.errors import UsageError

PINNED = {
    "1.25": ("1.25.9", Skew.TOO_OLD),
    "1.29": ("1.29.6", Skew.TOO_OLD),
    "1.33": ("1.33.13", Skew.TOO_OLD),
    "1.34": ("1.34.4", Skew.WITHIN),
    "1.35": ("1.35.4", Skew.WITHIN),
    "1.36": ("1.36.3", Skew.WITHIN),
    "1.37": ("1.37.2", Skew.WITHIN),
}


def test_what_is_pinned() -> None:
    pinned = versions.pinned(toolchain.toolchain_root())
    assert {version.minor: (version.release, version.skew) for version in pinned} == PINNED
    assert {version.control_plane for version in pinned} == {"1.37.2"}


def test_every_version_is_pinned_with_one_release_throughout() -> None:
    for minor, (release, _) in PINNED.items():
        module = toolchain.GoModule.read(toolchain.toolchain_root() / minor)
        assert {tool.version for tool in module.tools} == {f"v{release}"}
        assert "kube-proxy" in {tool.name for tool in module.tools}
        text = (module.folder / "go.mod").read_text()
        assert f"k8s.io/kube-proxy => k8s.io/kube-proxy v0.{release.partition('.')[2]}" in text
        assert f"/toolchain/v{minor.replace('.', '_')}\n" in text


@pytest.mark.parametrize(
    ("proxy", "api_server", "skew"),
    [
        ("1.37.2", "1.37.0", Skew.WITHIN),
        ("1.34.4", "1.37.2", Skew.WITHIN),
        ("1.33.13", "1.37.2", Skew.TOO_OLD),
        ("1.24.0", "1.26.1", Skew.WITHIN),
        ("1.24.0", "1.27.1", Skew.TOO_OLD),
        ("1.25.9", "1.28.1", Skew.WITHIN),
        ("1.38.0-rc.1", "1.37.2", Skew.TOO_NEW),
    ],
)
def test_the_skew_policy_of_kubernetes(proxy: str, api_server: str, skew: Skew) -> None:
    assert versions.skew(proxy, api_server) is skew


def test_the_table_fits_80_columns() -> None:
    rows = (
        PinnedVersion("1.25", "1.25.9", "1.37.2", cached=True),
        PinnedVersion("1.29", "1.29.6", "1.37.2", cached=False),
        PinnedVersion("1.36", "1.36.13", "1.37.2", cached=False),
        PinnedVersion("1.37", "1.37.2", "1.37.2", cached=True),
        PinnedVersion("1.38", "1.38.0", "1.37.2", cached=False),
    )
    assert [" ".join(line.split()) for line in _drawn(rows)] == [
        "minor release ready modes skew policy",
        "1.25 1.25.9 yes iptables, ipvs, userspace beyond",
        "1.29 1.29.6 no iptables, nftables (behind a gate), ipvs beyond",
        "1.36 1.36.13 no iptables, nftables, ipvs within",
        "1.37 1.37.2 yes iptables, nftables, ipvs control plane",
        "1.38 1.38.0 no iptables, nftables, ipvs too new",
    ]
    candidate = PinnedVersion("1.38", "1.38.0-alpha.10", "1.37.2", cached=False)
    assert max(map(len, _drawn((*rows, candidate)))) <= 80


def test_json_names_each_mode_with_its_gate() -> None:
    said = CliRunner().invoke(main, ["versions", "--json"])
    assert said.exit_code == 0
    records = {record["minor"]: record for record in json.loads(said.output)["versions"]}
    assert list(records) == list(PINNED)
    assert records["1.29"]["modes"][1] == {"mode": "nftables", "stage": "alpha", "feature_gate": "NFTablesProxyMode"}
    assert records["1.36"]["modes"][1] == {"mode": "nftables", "stage": "stable", "feature_gate": None}
    assert records["1.29"]["skew_policy"] == "beyond"
    assert records["1.29"]["control_plane"] == "1.37.2"
    assert isinstance(records["1.29"]["cached"], bool)


def test_a_version_that_is_pinned_is_not_added_again() -> None:
    said = CliRunner().invoke(main, ["versions", "add", "1.37.2"])
    assert (said.exit_code, said.output) == (0, "Kubernetes 1.37.2 is pinned already, in toolchain/1.37\n")


def test_replacing_keeps_the_programs() -> None:
    said = CliRunner().invoke(main, ["versions", "add", "1.37.2", "--replace", "--control-plane"])
    assert said.exit_code == 2
    assert "--replace keeps the programs" in said.output


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ("1.36.99", "pin it: gauntlet versions add 1.36.99 --replace"),
        ("1.28.3", "pin it: gauntlet versions add 1.28.3"),
        ("1.28", "pin it: gauntlet versions add 1.28"),
        ("newest", "give a minor version like 1.37"),
    ],
)
def test_a_version_that_is_not_pinned_names_the_command_that_pins_it(version: str, remedy: str) -> None:
    with pytest.raises(UsageError, match="is not pinned") as caught:
        toolchain.pinned_minor(version, toolchain.toolchain_root())
    assert caught.value.remedy.endswith(remedy)


def test_without_a_go_nothing_is_cached_that_was_not_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    assert not versions.of("1.37", toolchain.toolchain_root()).cached


def _drawn(rows: tuple[PinnedVersion, ...]) -> list[str]:
    console = Console(width=80, highlight=False)
    with console.capture() as capture:
        console.print(command.table(rows))
    lines = capture.get().splitlines()
    assert max(map(len, lines)) <= 80
    return lines
