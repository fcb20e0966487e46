"""What is wrong in a folder of promises is named with its file, its line and what is allowed there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gauntlet.ground.paths import project_root
from tests.unit.slo_folder import SLOS, change, refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SLOS, tmp_path / "slos")


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("availability: 1.0", "availabilty: 1.0", 3, ("`availabilty`", "did you mean 'availability'?")),
        ("availability: 1.0", "availability: 1.5", 3, ("`availability` is 1.5", "0 to 1")),
        ("availability: 1.0", 'availability: "1.0"', 3, ("`availability` is '1.0'", "0 to 1")),
        ("availability: 1.0", "availability: yes", 3, ("`availability` is True", "0 to 1")),
        ("availability: 1.0", "availability: .nan", 3, ("`availability` is nan", "0 to 1")),
        ("blast_radius: none", "blast_radius: node", 5, ("'node'", "backends_on_hurt_node")),
        ("  since: injected", "  since: injection", 7, ("`recovery.since`", "injected, healed or remedy")),
        ("  hold_s: 2", "  hold: 2", 9, ("`recovery.hold`", "since, within_s, hold_s, resolution_s")),
        ("  hold_s: 2", "  hold_s: 0", 9, ("`recovery.hold_s` is 0", "above 0")),
        ("recovery:\n", "recovery: 5\nlatency:\n", 6, ("`recovery` is 5", "fields with values (since")),
        ("outage_s: 0", "outage_s: -1", 4, ("`outage_s` is -1", "at least 0; null")),
        ("outage_s: 0", "allowed_errors: [timeout, slowness]", 4, ("`allowed_errors.1` is 'slowness'", "refused")),
        ("outage_s: 0", "allowed_errors: [ok]", 2, ("ok cannot be an allowed error",)),
        ("outage_s: 0", "availability: 0.5", 4, ("availability: given twice (first on line 3)",)),
        ("outage_s: 0", "latency: {p50_ms: 900}", 4, ("`latency`", "p99_ms (800) is below p50_ms (900)")),
        ("outage_s: 0", "balance: {significance: 0}", 4, ("`balance.significance`", "above 0, at most 0.01")),
        ("outage_s: 0", "control: {min_attempts: 1.5}", 4, ("`control.min_attempts` is 1.5", "whole number")),
        ("outage_s: 0", "outage_s: [", 6, ("not valid YAML",)),
        ("outage_s: 0", "outage_s: !!python/object:os.system {}", 4, ("python/object",)),
        ("outage_s: 0", "outage_s: *other", 4, ("aliases (*name) are not allowed",)),
        ("outage_s: 0", "outage_s: 2026-01-01", 4, ("a date is not allowed",)),
        ("outage_s: 0", "7: 0", 4, ("the key '7' is not a string",)),
        ("outage_s: 0", "<<: {availability: 0}", 4, ("the key '<<'",)),
    ],
)
def test_an_error_names_file_line_field_and_what_is_allowed(
    folder: Path, old: str, new: str, line: int, words: tuple[str, ...]
) -> None:
    path = folder / "experiments/kill-proxy.yaml"
    path.write_text(
        "promise: Nothing is felt.\n# a comment\navailability: 1.0\noutage_s: 0\nblast_radius: none\n"
        "recovery:\n  since: injected\n  within_s: 0\n  hold_s: 2\n"
    )
    change(path, old, new)
    message = refused(folder)
    place = f"{path}:{line}:" if "cannot be an allowed error" not in message else f"{path}:1:"
    assert message.startswith(place)
    for word in words:
        assert word in message


def test_an_error_in_a_layer_of_a_mode_names_its_line(folder: Path) -> None:
    path = folder / "modes/nftables.yaml"
    path.write_text("all:\n  latency:\n    p50_ms: fast\n")
    assert refused(folder).startswith(f"{path}:3: `latency.p50_ms` is 'fast'")
    path.write_text("experiments:\n  kill-proxi: {}\n")
    assert "did you mean 'kill-proxy'?" in refused(folder)
    path.write_text("al: {}\n")
    assert refused(folder).startswith(f"{path}:1: unknown field 'al'")
    path.write_text("all: 5\n")
    assert refused(folder).startswith(f"{path}:1: all must be fields with values")


def test_a_missing_field_is_named(folder: Path) -> None:
    path = folder / "default.yaml"
    change(path, "  min_attempts: 50\n", "")
    message = refused(folder)
    assert "the field `control.min_attempts` is missing" in message
    assert "whole number, at least 1" in message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("modes/nftable.yaml", "no such mode"),
        ("versions/one.yaml", "not named after a minor version"),
        ("subjects/nftables 1.37.yaml", "no subject can have the name 'nftables 1.37'"),
        ("subjects/.yaml", "not part of a folder of promises"),
        ("subjects/nftables@1.37.yml", "not part of a folder of promises"),
        ("experiment/kill-proxy.yaml", "not part of a folder of promises"),
        ("experiments/kill-proxy.yml", "not part of a folder of promises"),
    ],
)
def test_a_file_that_would_never_be_read_is_refused(folder: Path, name: str, words: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}\n")
    assert words in refused(folder)


def test_a_folder_without_a_default_is_refused(tmp_path: Path) -> None:
    assert "default.yaml is missing" in refused(tmp_path)
    assert "default.yaml is missing" in refused(tmp_path / "nowhere")


def test_files_that_are_no_text_or_too_long_are_refused(folder: Path) -> None:
    path = folder / "experiments/kill-proxy.yaml"
    path.write_bytes(b"promise: a\noutage_s: \xff\n")
    assert refused(folder).startswith(f"{path}:2: not UTF-8")
    path.write_text("#" * 300_000)
    assert "longer than 256 KiB" in refused(folder)
    path.write_text("[" * 100_000)
    assert "not valid YAML" in refused(folder)
    path.write_text("- a\n")
    assert "must be fields with values" in refused(folder)


def test_a_file_for_an_experiment_that_does_not_exist_is_refused(folder: Path) -> None:
    path = folder / "experiments/kil-proxy.yaml"
    path.write_text("outage_s: 3\n")
    assert refused(folder).startswith(f"{path}:1: no experiment 'kil-proxy'\n  remedy: did you mean 'kill-proxy'?")


# Root reads everything, so an ordinary user tries.
AS_NOBODY = """
import os, sys
from pathlib import Path
from gauntlet.ground.errors import UsageError
from gauntlet.promises.slo import load
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    load(Path(sys.argv[1]))
except UsageError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user cannot become another one")
def test_a_layer_that_cannot_be_read_is_refused() -> None:
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        folder = shutil.copytree(SLOS, Path(above, "slos"))
        (folder / "modes").chmod(0o700)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(folder)],
            cwd=project_root(),
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.startswith(
        f"{folder}/modes: cannot be read: Permission denied\n  remedy: name a folder of promises that"
    )
