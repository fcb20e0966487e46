"""What a run cannot do is told before any worker or cluster starts, in two lines, with what to write instead."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from gauntlet.build.toolchain import pinned_minor, toolchain_root
from gauntlet.cli.main import main
from gauntlet.cli.pytest_arguments import names_a_cluster
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.ground.paths import SYSTEM_PATH, project_root
from gauntlet.promises.support import Place, unsupported
from gauntlet.providers.sandbox import world
from gauntlet.subject import plain
from tests.programs.suite_folder import SuiteFolder
from tests.unit.existing import absent

EXPERIMENT = """
pytestmark = pytest.mark.gate

def test_killed_proxy_costs_no_attempt(judge):
    "kill-proxy"
    assert "kill-proxy"
    judge(GOOD)

def test_node_port_answers(judge):
    judge(GOOD)
"""
DNS = """
pytestmark = pytest.mark.gate

@pytest.fixture
def cluster_dns(cluster):
    pass

def test_names_lead_to_services(cluster_dns, judge):
    judge(GOOD)
"""
# A Go that notes what is there when it is to build, and builds nothing.
GO = """#!/bin/sh
case $1 in
version) echo go version go9.9 linux/amd64 ;;
env) printf '%s\\n' {folder} {folder} ;;
*) echo asked $(ls -d {folder}/up-*) >>{folder}/asked; exit 1 ;;
esac
"""
CASE = "suites/chaos/test_kill_proxy.py::test_killed_proxy_costs_no_attempt[nftables]"


# Everything but a program, which is none any more in a mount namespace of one's own.
WITHOUT = ("sh", "-ec", 'mount --bind /dev/null "$0"; exec "$@"')


def told(tmp_path: Path, *options: str, way: Sequence[str] = ()) -> str:
    """What a run says that ends before anything is done: two lines, no traceback, and no cluster."""
    folder = SuiteFolder.make(tmp_path, EXPERIMENT)
    code, printed = folder.run("-n", "2", *options, way=way)
    assert code == 4, printed
    assert "Traceback" not in printed
    lines = printed.strip().splitlines()
    assert len(lines) == 2, printed
    assert lines[1].startswith("  remedy: ")
    assert not list(tmp_path.glob("up-*"))
    assert not (tmp_path / "results").exists(), "not even a folder for results"
    return printed


def test_an_unwritable_state_folder_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    said = told(tmp_path)
    assert f"{tmp_path}/file/kube-proxy-gauntlet/clusters cannot be written: Not a directory" in said
    assert "set XDG_STATE_HOME to a folder that this user may write" in said


def test_a_bad_proxy_path_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_PROXY_PATH", "/no/such/folder")
    assert "GAUNTLET_PROXY_PATH=/no/such/folder is not a folder" in told(tmp_path)


def test_what_cases_need_is_built_before_there_are_clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text(GO.format(folder=tmp_path))
    go.chmod(0o755)
    monkeypatch.setenv("GAUNTLET_GO", str(go))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = SuiteFolder.make(tmp_path, DNS)
    code, printed = folder.run("--kp-modes=nftables", "--kp-from-source", "--collect-only")
    assert code == 0, printed
    assert not (tmp_path / "asked").exists(), "nothing is built for a list of cases"
    code, printed = folder.run("--kp-modes=nftables", "--kp-from-source")
    assert code == 0, printed
    assert (tmp_path / "up-nftables").exists()
    assert set((tmp_path / "asked").read_text().splitlines()) == {"asked"}


def test_no_docker_for_kind_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    said = told(tmp_path, "--kp-provider=kind")
    assert "no Docker daemon answers at" in said or "there is no `docker` in PATH" in said


def test_a_name_that_is_taken_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state/kube-proxy-gauntlet/clusters/mine").mkdir(parents=True)
    said = told(tmp_path, "--cluster-name=mine", "--kp-modes=nftables")
    assert "there is a sandbox cluster mine already" in said


def test_missing_programs_are_told_by_the_check_of_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    from gauntlet.providers import ClusterSpec, provider

    monkeypatch.setitem(world.TOOLS, "no-such-nft", "nftables")
    with pytest.raises(EnvironmentUnfit, match="sudo apt-get install --yes nftables"):
        provider("sandbox").check(ClusterSpec("h3-check", plain(ProxyMode.NFTABLES)))


@pytest.mark.cluster
def test_a_missing_program_is_told_once(tmp_path: Path) -> None:
    nft = shutil.which("nft", path=SYSTEM_PATH)
    assert nft is not None
    said = told(tmp_path, way=("unshare", *world.flags(), "--", *WITHOUT, nft))
    assert "the sandbox lacks programs of these packages: nftables" in said
    assert "sudo apt-get install --yes nftables" in said


def test_a_kubeconfig_of_another_mode_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    given = absent.cluster("given")
    said = told(tmp_path, f"--kubeconfig={given.kubeconfig}", "--kp-modes=nftables")
    assert "the cluster of --kubeconfig runs in iptables mode, not in nftables" in said
    assert "give --kp-modes=iptables, or leave it out" in said


def test_an_empty_kubeconfig_is_told(tmp_path: Path) -> None:
    assert "--kubeconfig is empty" in told(tmp_path, "--kubeconfig=")


def test_a_misspelt_keyword_is_answered_with_the_nearest(tmp_path: Path) -> None:
    said = told(tmp_path, "-k", "node_prt")
    assert "no case below suites matches -k 'node_prt'" in said
    assert "did you mean node_port" in said


@pytest.mark.parametrize("chosen", [["kill-proxy"], ["experiments/kill-proxy.yaml"], ["suites", "-k", "kill-proxy"]])
def test_an_experiment_is_chosen_by_its_name(chosen: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *chosen, "--co", "-q", "--kp-modes=nftables", "-p", "no:cacheprovider"],
        cwd=project_root(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    cases = [line for line in done.stdout.splitlines() if "::" in line]
    assert cases == [CASE], done.stdout + done.stderr


def test_an_experiment_outside_the_profile_is_chosen_by_its_name_too() -> None:
    from gauntlet.ground.profiles import PROFILES, pytest_options

    options = pytest_options(PROFILES["gate"], ("iptables",), Path("/nowhere"), ["port-clash", "--co", "-q"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider"],
        cwd=project_root(), env={**os.environ, "PYTEST_ADDOPTS": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    cases = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(cases) == 1, done.stdout + done.stderr
    assert cases[0].startswith("suites/chaos/test_port_taken.py::")


def test_the_folder_of_an_option_chooses_no_suites() -> None:
    """`--kp-slos DIR` in two words: DIR is no path of cases, and the profile's suites are run."""
    from gauntlet.ground.profiles import PROFILES, pytest_options

    options = pytest_options(PROFILES["smoke"], ("nftables",), Path("/nowhere"), ["--kp-slos", "slos", "--co", "-q"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider"],
        cwd=project_root(), env={**os.environ, "PYTEST_ADDOPTS": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    cases = [line for line in done.stdout.splitlines() if "::" in line]
    assert cases
    assert all(case.startswith("suites/") for case in cases)


def test_options_of_pytest_without_dashes_get_a_hint() -> None:
    said = CliRunner().invoke(main, ["run", "--modes", "nftables", "-k", "node_port and udp"])
    assert said.exit_code == 2
    assert "has no option -k" in said.output
    assert "run --modes nftables -- -k 'node_port and udp'" in said.output
    said = CliRunner().invoke(main, ["run", "-k", "udp", "--profile", "smoke", "--", "-x"])
    assert "run --profile smoke -- -k udp -x" in said.output
    assert "did you mean --modes" in CliRunner().invoke(main, ["run", "--mode", "nftables"]).output


def test_a_given_cluster_decides_the_mode() -> None:
    assert names_a_cluster(["-k", "x", "--kubeconfig", "/k"])
    assert names_a_cluster(["--kubeconfig=/k"])
    assert not names_a_cluster(["-k", "kubeconfig"])


def test_a_release_means_its_minor_version_if_it_is_the_pinned_one() -> None:
    root = toolchain_root()
    assert [pinned_minor(version, root) for version in ("1.37", "1.37.2", "v1.37.2")] == ["1.37"] * 3
    with pytest.raises(UsageError, match=r"Kubernetes 1\.37\.1 is not pinned\n.*choose one of .*1\.37 \(1\.37\.2\)"):
        pinned_minor("1.37.1", root)


def test_no_skip_advises_what_is_refused() -> None:
    shared = [Place.SHARED_KERNEL]
    assert "--kp-node-kernel=own" in str(unsupported("own-kernel", ProxyMode.IPVS, "1.37", shared))
    said = str(unsupported("own-kernel", ProxyMode.NFTABLES, "1.37", shared))
    assert "--kp-node-kernel" not in said
    assert "no inet family of nftables" in said
