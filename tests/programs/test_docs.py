"""What the docs print runs as it is printed: each Python example is a whole file of the checkout, which CI runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.ground.paths import project_root

EXAMPLE = re.compile(r"`(?P<file>[\w/]+\.py)`:\n\n```python\n(?P<code>.*?)```\n", re.DOTALL)
PAGES = sorted([*project_root().glob("*.md"), *project_root().glob("docs/**/*.md")])


def blocks(text: str, *languages: str) -> list[str]:
    # Every block is matched whatever its language, or the end of one would pass for the begin of the next.
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [block for language, block in found if language in languages]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_are_files_that_run(page: Path) -> None:
    text = page.read_text()
    examples = [(found["file"], found["code"]) for found in EXAMPLE.finditer(text)]
    assert len(examples) == len(blocks(text, "python")), "an example names the file that it prints"
    for file, code in examples:
        assert code == (project_root() / file).read_text(), f"{page.name} prints another {file}"


def test_there_are_examples() -> None:
    assert sum(len(EXAMPLE.findall(page.read_text())) for page in PAGES) >= 2


def commands(page: Path) -> list[str]:
    """What the page prints that lists cases without a cluster."""
    lines = [line for block in blocks(page.read_text(), "console", "") for line in block.splitlines()]
    printed = [line.removeprefix("$ ").partition("  #")[0] for line in lines if re.match(r"(\$ )?pytest suites", line)]
    return [each for each in printed if not any(part in each for part in ("--kubeconfig", "existing", "…"))]


def test_there_are_pytest_commands() -> None:
    assert sum(len(commands(page)) for page in PAGES) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pytest_commands_select_cases(page: Path) -> None:
    """A selection that is empty is a command that does not run as printed."""
    for command in commands(page):
        listed = subprocess.run(
            ["sh", "-c", f"exec {sys.executable} -m {command.strip()} --collect-only -q"],
            cwd=project_root(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert listed.returncode == 0, f"{command}\n{listed.stdout}{listed.stderr}"


@pytest.mark.parametrize("left", ["events.jsonl", "journal.json", "chaostoolkit.log", "results"])
def test_what_commands_leave_in_the_checkout_is_no_change_of_it(left: str) -> None:
    """`chaos run` writes the first three, `gauntlet run` the last, where they are started."""
    ignored = subprocess.run(
        ["git", "check-ignore", "--no-index", f"{left}/" if left == "results" else left],
        cwd=project_root(),
        capture_output=True,
        check=False,
    )
    assert ignored.returncode == 0
