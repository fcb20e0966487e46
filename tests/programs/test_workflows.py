"""What GitHub's workflows run: every case in every mode somewhere, on a machine that ci/setup would accept."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.paths import project_root
from gauntlet.ground.profiles import PROFILES
from gauntlet.report.junit import FILE
from gauntlet.report.run_folder import LATEST, LATEST_SELECTION, new_run, point_latest
from tests.programs import workflow_file

EVERYTHING = ("--profile", "nightly")
# nftables mode is not for guests (gauntlet/providers/sandbox/provider.py).
EVERYTHING_ON_GUESTS = (*EVERYTHING, "--modes", "iptables,ipvs,userspace", "--", "--kp-node-kernel=own")


def runs(workflow: str) -> frozenset[tuple[str, ...]]:
    """The arguments of each `gauntlet run` of a workflow on sandboxes, where all modes and kinds of node are."""
    found = {
        command.arguments_of("gauntlet", "run")
        for command in workflow_file.commands()
        if command.job.startswith(f"{workflow}/")
    }
    return frozenset(arguments for arguments in found if arguments is not None and "--provider" not in arguments)


@functools.cache
def cases(arguments: tuple[str, ...], into: Path) -> frozenset[str]:
    """The cases that `gauntlet run` with these arguments would run on this machine, without those it would skip."""
    file = into / f"{abs(hash(arguments))}.json"
    separator = () if "--" in arguments else ("--",)
    listing = ("--collect-only", "-q", "-p", "tests.programs.case_list", f"--case-list={file}")
    argv = [Path(sys.executable).with_name("gauntlet"), "run", *arguments, *separator, *listing]
    done = subprocess.run(argv, cwd=project_root(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return frozenset(name for name, reason in json.loads(file.read_text(encoding="utf-8")).items() if reason is None)


def all_cases(runs: Iterable[tuple[str, ...]], into: Path) -> frozenset[str]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return frozenset().union(*pool.map(lambda arguments: cases(arguments, into), runs))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cases")


@pytest.fixture(scope="module")
def possible(folder: Path) -> frozenset[str]:
    """Every case that any machine could run in some mode, on either kind of node."""
    return all_cases((EVERYTHING, EVERYTHING_ON_GUESTS), folder)


def test_the_nightly_profile_is_every_case_in_every_mode(possible: frozenset[str]) -> None:
    assert {name.rpartition("[")[2].rstrip("]").rpartition("-")[2] for name in possible} == set(ProxyMode)
    assert (PROFILES["nightly"].markers, set(PROFILES["nightly"].modes)) == ("", set(ProxyMode))


def test_every_case_runs_every_night_in_every_mode_that_has_it(possible: frozenset[str], folder: Path) -> None:
    assert possible - all_cases(runs("nightly"), folder) == set()


def test_every_gate_case_runs_on_every_change_in_every_mode(folder: Path) -> None:
    gate = cases(("--modes", ",".join(ProxyMode)), folder)
    assert gate
    assert gate - all_cases(runs("gate"), folder) == set()


def test_a_run_that_is_missing_would_be_noticed(possible: frozenset[str], folder: Path) -> None:
    nightly = runs("nightly")
    for missing in nightly:
        assert possible - all_cases(nightly - {missing}, folder), f"nothing needs `gauntlet run {' '.join(missing)}`"


@pytest.mark.parametrize("upload", workflow_file.uploads(), ids=lambda each: each.job)
def test_what_a_workflow_uploads_is_each_run_once(upload: workflow_file.Upload, tmp_path: Path) -> None:
    """actions/upload-artifact follows links: `latest` would be the same run again."""
    for folder in (tmp_path / "results", tmp_path / "results" / "saboteurs" / "name"):
        run = new_run(folder)
        (run / FILE).touch()
        point_latest(run, LATEST)
        point_latest(run, LATEST_SELECTION)
    for page in ("results/bench.json", "results/saboteurs/name/pytest.txt", "docs/saboteurs.md", "docs/benchmarks.md"):
        (tmp_path / page).parent.mkdir(exist_ok=True)
        (tmp_path / page).touch()
    found = [file.resolve() for file in upload.files(tmp_path)]
    assert found
    assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("page", ["saboteurs", "benchmarks"])
def test_a_page_that_a_job_writes_is_kept(page: str) -> None:
    assert any(f"docs/{page}.md" in each.patterns for each in workflow_file.uploads())


def test_the_packages_of_a_runner_are_those_of_the_set_up() -> None:
    steps = workflow_file.steps_of_action("prepare")
    installing = steps.index(("sudo", "ci/setup", "packages"))
    assert installing < steps.index(("make", "setup"))
    assert not [step for step in steps if "apt-get" in step]


def test_the_step_for_packages_does_nothing_else(tmp_path: Path) -> None:
    setup = tmp_path / "ci" / "setup"
    setup.parent.mkdir()
    shutil.copy(project_root() / "ci" / "setup", setup)
    done = subprocess.run([setup, "packages"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["ci"]


def test_an_unknown_step_of_the_set_up_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [project_root() / "ci" / "setup", "package"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert "usage: ci/setup [packages|python]" in done.stderr
