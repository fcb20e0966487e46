"""The matrix of upgrades as a program: what cannot be run is a row that says why, and no success."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.cli.upgrade_matrix import run_matrix
from gauntlet.ground.errors import ExitCode
from gauntlet.upgrade import matrix_file
from gauntlet.upgrade.matrix import FILE
from tests import process_tree

GAUNTLET = str(Path(sys.executable).with_name("gauntlet"))


def matrix(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    argv = [GAUNTLET, "upgrade", "--matrix", "--results", str(folder / "results"), *options]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


def test_a_pair_that_cannot_be_run_says_what_its_upgrade_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The command itself refuses what no pair can have; here each upgrade does.
    code = run_matrix(["--strategy", "canary=9"], None, tmp_path / "results", tmp_path / "upgrades.md")
    assert code is ExitCode.FAILED
    (written,) = (tmp_path / "results").glob(f"*/{FILE}")
    found = matrix_file.read(written)
    assert [pair.answer for pair in found.pairs] == [None] * len(found.pairs)
    # Of every version that the pairs are of, binaries are pinned.
    assert [pair.today for pair in found.pairs if "pinned" in pair.not_run] == []
    (switch,) = (each for each in found.pairs if (each.today, each.next) == ("iptables@1.37", "nftables@1.37"))
    assert switch.not_run.startswith("canary=9 leaves none of 3 nodes for afterwards remedy:")
    assert "iptables@1.37 -> nftables@1.37: NOT RUN" in capsys.readouterr().out
    assert f"- iptables\\@1.37 → nftables\\@1.37: {switch.not_run}" in (tmp_path / "upgrades.md").read_text()
    assert (tmp_path / "upgrades.json").read_text() == written.read_text()


# Each of its upgrades refuses that strategy.
WITH_A_READER = """
import sys
from pathlib import Path
from gauntlet.cli.upgrade_matrix import run_matrix
from gauntlet.ground import ending, output

ending.obey()
output.outlive_readers()
run_matrix(["--strategy", "canary=9"], None, Path(sys.argv[1]), None)
"""


def test_what_was_run_until_its_reader_went_is_written(tmp_path: Path) -> None:
    """`gauntlet upgrade --matrix | head -2`."""
    argv = [sys.executable, "-c", WITH_A_READER, str(tmp_path)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        process.stdout.close()
        process.wait(timeout=120)
    finally:
        process_tree.kill(process)
    (written,) = tmp_path.glob(f"*/{FILE}")
    assert [pair.not_run for pair in matrix_file.read(written).pairs if pair.not_run == "interrupted"]


def test_what_does_not_fit_into_the_budget_is_not_begun(tmp_path: Path) -> None:
    done = matrix(tmp_path, "--budget", "10s")
    assert done.returncode == 1, done.stderr
    assert "it did not fit: 10 s of the budget were left, and a pair takes up to 1500 s" in done.stdout
    assert not list((tmp_path / "results").glob("*/pairs"))


def test_options_that_are_not_for_the_matrix_are_refused(tmp_path: Path) -> None:
    done = matrix(tmp_path, "--from", "iptables")
    assert done.returncode == 2
    assert "--matrix and --from exclude each other" in done.stderr
    argv = [GAUNTLET, "upgrade", "--budget", "5m", "--from", "iptables", "--to", "nftables"]
    alone = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert alone.returncode == 2
    assert "--budget and --write are options of the matrix" in alone.stderr
