"""A folder of suites for a child pytest: the project's own conftest.py over a cluster that is not there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.paths import project_root
from gauntlet.report import results_file
from gauntlet.report.results import Results

CONFTEST = """
import os
from pathlib import Path
from types import SimpleNamespace
import pytest

@pytest.fixture(scope="session")
def cluster(subject):
    Path(f"up-{subject}").touch()
    yield SimpleNamespace(
        version="1.37.2" if subject.mode == "iptables" else "1.36.3", kernel="6.18.0",
        control_plane_version="1.37.2" if subject.mode == "iptables" else "1.38.0",
        origin="made up", proxy_sha256="0123456789abcdef" * 4, mode=subject.mode, nodes=(),
        families=("IPv4",),
    )
    Path(f"down-{subject}").touch()
"""
INI = """
[pytest]
addopts = --import-mode=importlib
pythonpath = .
strict_markers = true
markers =
    gate: decides
    declared: asked together
    audit: looks at what others left
    needs(feature): skipped where unsupported
"""
# Runs record them, and put them before the commands that repeat.
_UNSET = {"PYTEST_ADDOPTS": "", "GAUNTLET_FROM_SOURCE": ""}


@dataclass(frozen=True)
class SuiteFolder:
    """`path` holds the suites; commands run there."""

    path: Path

    @classmethod
    def make(cls, path: Path, tests: str) -> SuiteFolder:
        """Write `tests` as the one test file of a new folder of suites."""
        suites = path / "suites"
        suites.mkdir()
        shutil.copy(project_root() / "conftest.py", path / "conftest.py")
        (path / "pytest.ini").write_text(INI)
        (suites / "conftest.py").write_text(CONFTEST)
        (suites / "test_it.py").write_text(
            "import os\nfrom pathlib import Path\nimport pytest\nfrom gauntlet.ground.finding import Finding, Verdict\n"
            "from gauntlet.ground.errors import Inconclusive\n"
            "GOOD = Finding('good', Verdict.PASS, 'all is well')\n" + tests
        )
        return cls(path)

    def start(self, *options: str, way: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Start pytest as the leader of a process group of its own; `way` is a command in front of it."""
        return subprocess.Popen(
            [*way, sys.executable, "-m", "pytest", "suites", "-p", "no:cacheprovider", *options],
            cwd=self.path,
            env={**os.environ, **_UNSET, "PYTHONPATH": str(project_root()), "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *options: str, way: Sequence[str] = ()) -> tuple[int, str]:
        """Run pytest to its end. Returns its exit code and all that it printed."""
        child = self.start(*options, way=way)
        printed, _ = child.communicate(timeout=120)
        return child.returncode, printed

    def results(self) -> Results:
        return results_file.load(self.path / "results" / "latest")

    def verdicts(self, mode: str = "iptables") -> dict[str, list[tuple[str, str]]]:
        """Test name (with parameters) -> check and verdict of each finding, in one mode."""
        found: dict[str, list[tuple[str, str]]] = {}
        for record in self.results().findings:
            if record.subject == mode:
                name = re.sub(r".*::test_", "", record.case)
                found.setdefault(name, []).append((record.check, str(record.verdict)))
        return found
