"""Refused before the first change, by the commands themselves, on a real API server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.ground.cluster import Cluster
from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import project_root
from gauntlet.kube.access import access
from gauntlet.kube.api import Api
from gauntlet.providers.existing import survey as existing_survey
from tests.cluster.existing.test_rehearsal import everything


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


def test_targets_are_nodes_that_are_there(sandbox: Cluster, api: Api) -> None:
    nodes = existing_survey.nodes_of(api)
    assert existing_survey._targets(api, "node-2", nodes) == ("node-2",)
    assert existing_survey._targets(api, "kubernetes.io/hostname=node-1", nodes) == ("node-1",)
    with pytest.raises(UsageError, match=r"no ready Linux node node-9\n.*nodes are: node-1, node-2"):
        existing_survey._targets(api, "node-1,node-9", nodes)
    with pytest.raises(UsageError, match="no node has the labels pool=chaos"):
        existing_survey._targets(api, "pool=chaos", nodes)


def test_a_sandbox_cluster_is_refused(sandbox: Cluster) -> None:
    """By itself, not by the command: were it let in, a packet for its nodes would leave this machine."""
    with pytest.raises(UsageError, match="is a sandbox cluster"):
        existing_survey._refuse_unreachable(access(sandbox.kubeconfig, ""))


@pytest.mark.parametrize("option", ["--kp-allow-context=x", "--kp-target-nodes=x", "--kp-max-blast=2", "--kp-dry-run"])
def test_options_without_the_provider_are_refused(tmp_path: Path, option: str) -> None:
    """Else somebody would believe in a dry run that is none."""
    code, printed = run(tmp_path, "--", option)
    assert code == 2, printed
    assert "is for the provider existing alone" in printed


@pytest.mark.parametrize(
    "option",
    ["--kubeconfig", "--kp-context", "--kp-allow-context", "--kp-target-nodes", "--kp-max-blast", "--kp-client-image"],
)
def test_an_empty_value_does_not_mean_the_current_context(tmp_path: Path, option: str) -> None:
    code, printed = run(tmp_path, "--provider=existing", "--", option, "")
    assert code == 2, printed
    assert f"{option} is empty" in printed
    assert "remedy: is a variable of your script not set?" in printed


@pytest.mark.parametrize("option", ["--kubeconfig", "--cluster-name", "--kp-modes"])
def test_an_empty_value_does_not_mean_a_new_cluster_of_any_kind(tmp_path: Path, option: str) -> None:
    code, printed = run(tmp_path, "--", option, "")
    assert code == 2, printed
    assert f"{option} is empty" in printed


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    code, printed = run(tmp_path, "--provider=existing")
    assert code == 2, printed
    assert "there is no kubeconfig" in printed
