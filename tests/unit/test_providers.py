"""A provider is a folder: it is found there, by its name, and loaded only when it is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import gauntlet.providers
from gauntlet.cli.main import main
from gauntlet.ground.errors import ExitCode, UsageError
from gauntlet.ground.paths import project_root
from gauntlet.providers import DEFAULT, provider, provider_names

PAPER = """
from gauntlet.ground.errors import EnvironmentUnfit

class PaperProvider:
    def kernel_for(self, mode):
        raise EnvironmentUnfit(f"paper cannot run {mode} mode", "take iron")

PROVIDER = PaperProvider
"""
LOADED = """
import sys
import gauntlet.cli.main
from gauntlet.providers import provider_names
provider_names()
print(*(each for each in sys.modules if each.partition(".")[0] in ("kubernetes", "pytest_kind")))
print(*(each for each in sys.modules if each.startswith("gauntlet.providers.") and each.endswith(".provider")))
"""


def test_each_folder_is_a_provider_of_its_name() -> None:
    assert provider_names() == ("existing", "kind", "sandbox")
    assert [provider(each).name for each in provider_names()] == list(provider_names())
    assert DEFAULT in provider_names()


def test_a_name_that_no_folder_has() -> None:
    with pytest.raises(UsageError, match=r"there is no provider 'protocol'\n.*existing, kind, sandbox"):
        provider("protocol")


def test_a_new_folder_is_all_that_a_new_provider_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "paper"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "provider.py").write_text(PAPER)
    monkeypatch.setattr(gauntlet.providers, "__path__", [*gauntlet.providers.__path__, str(tmp_path)])
    assert provider_names() == ("existing", "kind", "paper", "sandbox")
    said = CliRunner().invoke(main, ["cluster", "up", "--provider", "paper"])
    assert said.exit_code == ExitCode.USAGE
    assert "paper cannot run iptables mode" in said.output


def test_no_provider_is_loaded_before_it_is_asked_for() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=project_root(), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
