"""The house keeps its shape: modules that can be read at one go, few rooms, and a command line that answers at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.ground.paths import project_root

LONGEST = 300
# The rooms of the design: fourteen, the upgrade gate and the model as rooms of their own, and the word Subject.
MOST_ROOMS = 17
SOURCES = sorted(
    path for folder in ("gauntlet", "fixtures", "suites") for path in (project_root() / folder).rglob("*.py")
)
# Each takes longer to import than `gauntlet --help` may take in all, or nearly so.
HEAVY = {"altair", "chaoslib", "hypothesis", "kubernetes", "locust", "polars", "pydantic", "pytest", "scipy"}


def lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def test_no_module_is_longer_than_can_be_read_at_one_go() -> None:
    assert {str(path): lines(path) for path in SOURCES if lines(path) > LONGEST} == {}


def test_a_module_that_is_too_long_would_be_noticed(tmp_path: Path) -> None:
    long = tmp_path / "long.py"
    long.write_text("x = 1\n" * (LONGEST + 1))
    assert lines(long) > LONGEST


def test_the_library_has_few_rooms() -> None:
    files = (path.relative_to(project_root() / "gauntlet") for path in (project_root() / "gauntlet").rglob("*.*"))
    # Of a room of an older checkout Python's own files may be left.
    entries = {path.parts[0] for path in files if "__pycache__" not in path.parts} - {"__init__.py"}
    assert len(entries) <= MOST_ROOMS


@pytest.mark.parametrize("module", ["gauntlet.cli.main"])
def test_the_command_line_imports_nothing_heavy(module: str) -> None:
    listed = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
