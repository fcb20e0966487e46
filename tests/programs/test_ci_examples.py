"""The upgrade gate in CI: the commands of the GitHub action and of docs/ci.md, run by a shell as a runner would."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import pytest
import yaml

from gauntlet.cli.upgrade import upgrade
from gauntlet.ground.paths import project_root
from gauntlet.report.junit import FILE
from gauntlet.report.run_folder import LATEST, LATEST_SELECTION, new_run, point_latest
from tests.programs import workflow_file

PAGE = project_root() / "docs" / "ci.md"
# Each of these programs writes down how it was called, and does nothing else.
RECORDER = (
    '#!/bin/sh\nfor word in "$(basename "$0")" "$@"; do printf "%s\\t" "$word"; done >> "$CALLS"; echo >> "$CALLS"\n'
)
ACTION = workflow_file.GITHUB / "actions" / "gate-upgrade" / "action.yaml"


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


def calls(lines: Sequence[str], folder: Path, variables: Mapping[str, str]) -> list[list[str]]:
    """How programs were called when a shell ran these lines in `folder`, which is where the gauntlet is."""
    for name in (".venv/bin/gauntlet", "ci/setup", "bin/git", "bin/make", "bin/sudo"):
        program = folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(RECORDER)
        program.chmod(0o755)
    # `cd gauntlet` after the clone, which leaves nothing here.
    (folder / "gauntlet").symlink_to(".")
    record = folder / "calls"
    known = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "CALLS": str(record), **variables}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env=known,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.rstrip("\t").split("\t") for line in record.read_text().splitlines()]


def understood(call: Sequence[str]) -> click.Context:
    """What `gauntlet upgrade` makes of a call. Raises click's errors for what it does not know."""
    assert list(call[:2]) == ["gauntlet", "upgrade"]
    return upgrade.make_context("upgrade", list(call[2:]))


def action(folder: Path, **given: str) -> list[str]:
    """How the action calls the gauntlet with these inputs."""
    content = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    inputs = {name: each.get("default", "") for name, each in content["inputs"].items()} | given
    (step,) = (each for each in content["runs"]["steps"] if "run" in each)
    variables = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: inputs[found[1]], value)
        for name, value in step["env"].items()
    }
    (call,) = calls([step["run"]], folder, variables)
    return call


def test_the_action_gives_its_inputs_to_the_gauntlet(tmp_path: Path) -> None:
    found = understood(action(tmp_path, **{"from": "iptables@1.36", "to": "nftables@1.37"}))
    assert {name: found.params[name] for name in ("today", "following", "slos", "extent")} == {
        "today": "iptables@1.36",
        "following": "nftables@1.37",
        "slos": None,
        "extent": None,
    }


def test_optional_inputs_are_options(tmp_path: Path) -> None:
    given = {"from": "a=ipvs", "to": "iptables", "options": "--quick --strategy canary=1"}
    found = understood(action(tmp_path, slos="our promises", **given))
    assert found.params["slos"] == Path("our promises")
    assert (found.params["extent"], found.params["strategy"]) == ("quick", "canary=1")


def test_a_provider_is_an_option_if_it_is_given(tmp_path: Path) -> None:
    call = action(tmp_path, **{"from": "ipvs", "to": "iptables", "provider": "kind"})
    assert call[call.index("--provider") + 1] == "kind"


def test_an_input_is_never_part_of_the_script(tmp_path: Path) -> None:
    hostile = '$(touch "$CALLS.hurt"); `id` "'
    found = understood(action(tmp_path, **{"from": hostile, "to": hostile, "slos": hostile}))
    assert found.params["today"] == found.params["following"] == hostile
    assert not (tmp_path / "calls.hurt").exists()


def test_a_pattern_among_the_options_does_not_become_files(tmp_path: Path) -> None:
    given = {"from": "ipvs", "to": "iptables", "options": "--slos *"}
    assert understood(action(tmp_path, **given)).params["slos"] == Path("*")


def test_what_was_built_is_kept_although_the_answer_is_no() -> None:
    """actions/cache keeps nothing of a job that fails (actions/cache, issue 1099)."""
    prepare, gate = (
        yaml.safe_load((workflow_file.GITHUB / "actions" / name / "action.yaml").read_text(encoding="utf-8"))
        for name in ("prepare", "gate-upgrade")
    )
    steps = {each["uses"]: each for each in (*prepare["runs"]["steps"], *gate["runs"]["steps"]) if "uses" in each}
    restored, kept = steps["actions/cache@v4"], steps["actions/cache/save@v4"]
    assert restored["with"] == kept["with"]
    assert steps["actions/upload-artifact@v4"]["if"] == "always()"
    # Whoever prepares otherwise has a cache of their own.
    assert kept["if"] == "always() && env.GAUNTLET_CACHE_KEY"
    (exported,) = (each for each in prepare["runs"]["steps"] if "GITHUB_ENV" in each.get("run", ""))
    assert exported["run"] == 'echo "GAUNTLET_CACHE_KEY=$KEY" >> "$GITHUB_ENV"'
    assert prepare["runs"]["steps"].index(exported) < prepare["runs"]["steps"].index(restored)
    (job,) = yaml.safe_load(block("gitlab")).values()
    assert (job["cache"]["when"], job["artifacts"]["when"]) == ("always", "always")


def test_what_is_uploaded_is_each_run_once(tmp_path: Path) -> None:
    """GitHub, GitLab and Jenkins follow links."""
    run = new_run(tmp_path / "results")
    (run / FILE).touch()
    point_latest(run, LATEST)
    point_latest(run, LATEST_SELECTION)
    (job,) = yaml.safe_load(block("gitlab")).values()
    jenkins = re.findall(r"'(results/[^']*)'", block("jenkins"))
    steps = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    (upload,) = (each["with"]["path"] for each in steps if each.get("uses", "").startswith("actions/upload-artifact@"))
    for pattern in (job["artifacts"]["reports"]["junit"], *jenkins, f"{upload}/*"):
        # Of Python a pattern has one star for files.
        found = tmp_path.glob(pattern.replace("/**", "/*"))
        assert [path.resolve() for path in found] == [run / FILE], pattern


def test_a_workflow_of_ours_uses_the_action_with_pairs_that_it_understands() -> None:
    pairs = {
        (command.argv[command.argv.index("--from") + 1], command.argv[command.argv.index("--to") + 1])
        for command in workflow_file.commands()
        if command.job == "upgrade/weekly" and "upgrade" in command.argv
    }
    assert pairs == {(f"{mode}@1.36", f"{mode}@1.37") for mode in ("iptables", "nftables")}


def test_gitlabs_script_runs(tmp_path: Path) -> None:
    (job,) = yaml.safe_load(block("gitlab")).values()
    variables = {"GAUNTLET_REPOSITORY": "https://example.org/gauntlet", "CI_PROJECT_DIR": str(tmp_path)}
    variables |= {name: value for name, value in job["variables"].items() if "$" not in value}
    found = calls(job["script"], tmp_path, variables)
    assert [call[0] for call in found] == ["git", "setup", "make", "gauntlet", "gauntlet"]
    made = understood(found[-1])
    assert (made.params["today"], made.params["following"]) == ("iptables@1.36", "nftables@1.37")
    assert made.params["results"] / "2*" / "junit.xml" == tmp_path / job["artifacts"]["reports"]["junit"]


def test_jenkins_steps_run(tmp_path: Path) -> None:
    text = block("jenkins")
    variables = dict(re.findall(r"^ +(\w+) = '([^']*)'$", text, re.MULTILINE))
    variables |= {"GAUNTLET_REPOSITORY": "https://example.org/gauntlet", "WORKSPACE": str(tmp_path)}
    found = calls(re.findall(r"^ +sh '([^']*)'", text, re.MULTILINE), tmp_path, variables)
    assert [call[0] for call in found] == ["git", "sudo", "make", "gauntlet", "gauntlet"]
    made = understood(found[-1])
    assert (made.params["today"], made.params["following"]) == ("iptables@1.36", "nftables@1.37")
    (junit,) = re.findall(r"junit testResults: '([^']*)'", text)
    assert made.params["results"] / "2*" / "junit.xml" == tmp_path / junit


def test_jenkins_builds_in_a_folder_that_had_a_build_before(tmp_path: Path) -> None:
    """`git clone` into a folder that is there fails, and reports of the build before are those of this one."""
    steps = re.findall(r"^ +sh '([^']*)'", block("jenkins"), re.MULTILINE)
    (tmp_path / "results").mkdir()
    (tmp_path / "gauntlet").mkdir()
    before = steps[: next(number for number, step in enumerate(steps) if step.startswith("git clone "))]
    subprocess.run(["sh", "-ec", "\n".join(before)], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def test_the_inputs_in_the_docs_are_those_of_the_action() -> None:
    names = set(yaml.safe_load(ACTION.read_text(encoding="utf-8"))["inputs"])
    rows = re.findall(r"^\| (`[a-z, `]+`) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == names
    (step,) = (each for each in yaml.safe_load(block("yaml"))["jobs"]["upgrade"]["steps"] if "gate-up" in each["uses"])
    assert set(step["with"]) <= names


def test_a_command_that_the_gauntlet_does_not_know_would_be_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        understood(["gauntlet", "upgrade", "--form", "iptables"])
