"""Refused before the first change, by the commands themselves, on a real API server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.cluster import Cluster
from gauntlet.paths import project_root
from gauntlet.providers import marker
from gauntlet.providers.api import Api
from tests.existing.test_rehearsal import everything


def run(tmp_path: Path, *options: str) -> tuple[int, str]:
    """`gauntlet run` with the smallest profile."""
    argv = [
        str(Path(sys.executable).with_name("gauntlet")),
        "run",
        "--profile=smoke",
        f"--results={tmp_path / 'results'}",
    ]
    done = subprocess.run(
        [*argv, *options],
        cwd=project_root(),
        env={**os.environ, "KUBECONFIG": str(tmp_path / "none"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "does not carry the gauntlet's marker"),
        (["--kp-allow-context=test-existing"], "is not the context in use"),
        (["--kp-context=production"], "has no context 'production'"),
        (["--kp-node-kernel=own"], "no machines that the gauntlet could crash"),
    ],
)
def test_refusal(tmp_path: Path, sandbox: Cluster, api: Api, options: list[str], words: str) -> None:
    before = everything(api)
    code, printed = run(tmp_path, "--provider=existing", "--", f"--kubeconfig={sandbox.kubeconfig}", *options)
    assert code == 2, printed
    assert words in printed
    assert "remedy:" in printed
    assert everything(api) == before
    assert not list(tmp_path.glob("results/*"))


def test_unknown_targets_are_refused(tmp_path: Path, sandbox: Cluster, api: Api) -> None:
    marker.write(api)
    before = everything(api)
    given = (f"--kubeconfig={sandbox.kubeconfig}", "--kp-target-nodes=node-1,node-9")
    code, printed = run(tmp_path, "--provider=existing", "--", *given)
    assert code == 2, printed
    assert "node-9" in printed
    assert everything(api) == before


def test_a_sandbox_cluster_is_refused_before_anything_is_sent_to_its_nodes(
    tmp_path: Path, sandbox: Cluster, api: Api
) -> None:
    marker.write(api)
    before = everything(api)
    code, printed = run(tmp_path, "--provider=existing", "--", f"--kubeconfig={sandbox.kubeconfig}")
    assert code == 2, printed
    assert "is a sandbox cluster" in printed
    assert everything(api) == before


@pytest.mark.parametrize("option", ["--kp-allow-context=x", "--kp-target-nodes=x", "--kp-max-blast=2", "--kp-dry-run"])
def test_options_without_the_provider_are_refused(tmp_path: Path, option: str) -> None:
    """Else somebody would believe in a dry run that is none."""
    code, printed = run(tmp_path, "--", option)
    assert code == 2, printed
    assert "is for the provider existing alone" in printed


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    code, printed = run(tmp_path, "--provider=existing")
    assert code == 2, printed
    assert "there is no kubeconfig" in printed
